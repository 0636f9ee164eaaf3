"""export.py PORT SECONDS: the OTLP exporter of the OpenTelemetry Python SDK sends 10 spans a request.

One exporter on one thread, one connection, the next request when the one before is answered, as its batch
processor does. The spans have the attributes of `spans_request` in crates/corpus. Prints as JSON how many
requests were answered.
"""

import json
import sys
import time

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, TraceFlags
from opentelemetry.trace.status import Status, StatusCode

port, seconds = int(sys.argv[1]), float(sys.argv[2])
resource = Resource({
    "service.name": "checkout", "service.namespace": "shop",
    "service.instance.id": "627cc493-f310-47de-96bd-71410b7dec09", "host.name": "mimas",
    "telemetry.sdk.language": "python", "telemetry.sdk.name": "opentelemetry", "telemetry.sdk.version": "1.45.2",
})
scope = InstrumentationScope("opentelemetry.instrumentation.asgi", "0.66b2")
now = time.time_ns()


def span(number):
    path = f"/api/v2/orders/{number:08}/items"
    trace = int.from_bytes(b"\7" * 8) << 64 | (number + 1)
    context = SpanContext(trace, number + 1, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))
    parent = SpanContext(trace, int.from_bytes(b"\t" * 8), is_remote=False)
    attributes = {
        "http.request.method": "POST", "http.route": "/api/v2/orders/{order}/items",
        "http.response.status_code": 200, "url.scheme": "https", "url.path": path,
        "url.full": f"https://shop.example.com{path}?currency=EUR&page=1",
        "server.address": "shop.example.com", "server.port": 443, "client.address": "203.0.113.195",
        "network.protocol.version": "1.1",
        "user_agent.original": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Firefox/145.0",
        "http.request.body.size": 1024, "http.response.body.size": 20480,
    }
    return ReadableSpan(name="POST /api/v2/orders/{order}/items", context=context, parent=parent, resource=resource,
                        attributes=attributes, kind=SpanKind.SERVER, status=Status(StatusCode.OK),
                        start_time=now - 20_000_000, end_time=now, instrumentation_scope=scope)


spans = [span(number) for number in range(10)]
exporter = OTLPSpanExporter(endpoint=f"http://127.0.0.1:{port}/v1/traces")
requests, begin = 0, time.perf_counter()
while time.perf_counter() - begin < seconds:
    if exporter.export(spans) is not SpanExportResult.SUCCESS:
        sys.exit("an export failed")
    requests += 1
print(json.dumps({"requests": requests, "seconds": time.perf_counter() - begin}))
