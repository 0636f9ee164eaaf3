"""sdk_sends.py OTOLITH DIR: the exporters of the OpenTelemetry Python SDK send to `otolith capture`.

Over HTTP and gRPC, as is and in gzip, plain and in TLS with a token, with faults that they have to retry.
What was written is read without otolith: JSON lines as JSON, length-prefixed protobuf with the classes of
opentelemetry-proto. Every span, log record and data point must be there once, with its values.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import struct
import subprocess
import sys

import grpc
from google.protobuf import json_format
from opentelemetry.exporter.otlp.proto.grpc import _log_exporter as grpc_logs
from opentelemetry.exporter.otlp.proto.grpc import metric_exporter as grpc_metrics
from opentelemetry.exporter.otlp.proto.grpc import trace_exporter as grpc_traces
from opentelemetry.exporter.otlp.proto.http import Compression, _log_exporter, metric_exporter, trace_exporter
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

# They would win over the certificate that an exporter is given.
for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
    os.environ.pop(variable, None)

COUNT = 200
TOKEN = "a-token-of-this-test"
MESSAGES = {
    "traces": trace_service_pb2.ExportTraceServiceRequest,
    "metrics": metrics_service_pb2.ExportMetricsServiceRequest,
    "logs": logs_service_pb2.ExportLogsServiceRequest,
}


def exporters(protocol, address, compression, certificate):
    headers = {"authorization": f"Bearer {TOKEN}"}
    if protocol == "grpc":
        how = grpc.Compression.Gzip if compression == "gzip" else grpc.Compression.NoCompression
        options = {"endpoint": address, "headers": headers, "compression": how, "insecure": certificate is None}
        if certificate:
            options["credentials"] = grpc.ssl_channel_credentials(pathlib.Path(certificate).read_bytes())
        return (grpc_traces.OTLPSpanExporter(**options), grpc_metrics.OTLPMetricExporter(**options),
                grpc_logs.OTLPLogExporter(**options))
    how = Compression.Gzip if compression == "gzip" else Compression.NoCompression
    scheme = "https" if certificate else "http"
    options = {"headers": headers, "compression": how, "certificate_file": certificate}
    base = f"{scheme}://{address}/v1"
    return (trace_exporter.OTLPSpanExporter(endpoint=f"{base}/traces", **options),
            metric_exporter.OTLPMetricExporter(endpoint=f"{base}/metrics", **options),
            _log_exporter.OTLPLogExporter(endpoint=f"{base}/logs", **options))


def emit(spans, metrics, logs):
    resource = Resource.create({"service.name": "python"})
    tracing = TracerProvider(resource=resource)
    # Several requests.
    tracing.add_span_processor(BatchSpanProcessor(spans, max_export_batch_size=COUNT // 4))
    logging = LoggerProvider(resource=resource)
    logging.add_log_record_processor(BatchLogRecordProcessor(logs, max_export_batch_size=COUNT // 2))
    reader = PeriodicExportingMetricReader(metrics, export_interval_millis=3_600_000)
    measuring = MeterProvider(resource=resource, metric_readers=[reader])
    counter = measuring.get_meter("m").create_counter("things")
    histogram = measuring.get_meter("m").create_histogram("times")
    tracer, logger = tracing.get_tracer("t"), logging.get_logger("l")
    for number in range(COUNT):
        with tracer.start_as_current_span(f"span {number}", attributes={"number": number, "text": "\u00e4\n\u2028\u0001"}) as span:
            span.add_event("happened")
        counter.add(number, {"number": number})
        histogram.record(number)
        logger.emit(body=f"record {number}", attributes={"number": number})
    for provider in (tracing, logging, measuring):
        assert provider.force_flush(60_000), "not everything was exported"
        provider.shutdown()


def read(directory):
    """All requests below a directory, as the JSON form of protobuf."""
    found = []
    for path in sorted(directory.iterdir()):
        if path.name.startswith("."):
            continue
        if path.suffix == ".jsonl":
            for line in path.read_text(encoding="utf-8").split("\n")[:-1]:
                line = json.loads(line)
                found.append(line.get("payload", line))
        elif path.suffix == ".binpb":
            data, at = path.read_bytes(), 0
            while at < len(data):
                (length,) = struct.unpack_from(">I", data, at)
                message = MESSAGES[path.name.split("-")[0]]()
                message.ParseFromString(data[at + 4:at + 4 + length])
                found.append(json_format.MessageToDict(message))
                at += 4 + length
        else:
            raise SystemExit(f"unexpected {path}")
    return found


def numbers(items):
    """The values of the attribute `number`, which each item has."""
    return sorted(
        int(attribute["value"]["intValue"])
        for item in items for attribute in item.get("attributes", []) if attribute["key"] == "number")


def check(requests):
    spans = [s for r in requests for g in r.get("resourceSpans", []) for c in g["scopeSpans"] for s in c["spans"]]
    assert numbers(spans) == list(range(COUNT)), f"{len(spans)} spans"
    assert {s["name"] for s in spans} == {f"span {n}" for n in range(COUNT)}
    texts = {a["value"]["stringValue"] for s in spans for a in s["attributes"] if a["key"] == "text"}
    assert texts == {"\u00e4\n\u2028\u0001"}, texts
    assert all(s["events"][0]["name"] == "happened" for s in spans)
    records = [x for r in requests for g in r.get("resourceLogs", []) for c in g["scopeLogs"] for x in c["logRecords"]]
    assert numbers(records) == list(range(COUNT)), f"{len(records)} log records"
    assert {x["body"]["stringValue"] for x in records} == {f"record {n}" for n in range(COUNT)}
    metrics = [m for r in requests for g in r.get("resourceMetrics", []) for c in g["scopeMetrics"] for m in c["metrics"]]
    things = [p for m in metrics if m["name"] == "things" for p in m["sum"]["dataPoints"]]
    assert {n: int(p["asInt"]) for p in things for n in numbers([p])} == {n: n for n in range(COUNT)}
    times = [p for m in metrics if m["name"] == "times" for p in m["histogram"]["dataPoints"]]
    assert {int(p["count"]) for p in times} == {COUNT} and {p["sum"] for p in times} == {sum(range(COUNT))}


def run(otolith, out, protocol, compression, tls, options):
    shutil.rmtree(out, ignore_errors=True)
    token = out.parent / "token"
    token.write_text(TOKEN)
    command = [otolith, "capture", "--listen", "0", "--json", "--out", out, "--token-file", token, *options]
    certificate, key = out.parent / "cert.pem", out.parent / "key.pem"
    if tls:
        command += ["--tls-cert", certificate, "--tls-key", key]
    capture = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    line = capture.stderr.readline()
    port = re.search(r"://127\.0\.0\.1:(\d+)", line)
    assert port, line
    try:
        # The certificate is one for this name.
        emit(*exporters(protocol, f"localhost:{port[1]}", compression, str(certificate) if tls else None))
    finally:
        capture.send_signal(signal.SIGTERM)
    outcome = json.loads(capture.communicate()[0])
    assert capture.returncode == 0, outcome
    check(read(out))
    print(f"python SDK: {protocol}, {compression}{', TLS' if tls else ''}, {' '.join(options)}: "
          f"{outcome['requests']['accepted']} requests, {outcome['items']['accepted']} items, "
          f"{outcome['requests']['injected']} refused on purpose")


def main(otolith, out):
    out = pathlib.Path(out)
    out.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost", "-keyout", out / "key.pem", "-out", out / "cert.pem"],
        check=True, stderr=subprocess.DEVNULL)
    for protocol in ("http", "grpc"):
        for compression, tls, options in (
            ("none", False, ["--as", "jsonl"]),
            ("gzip", False, ["--as", "proto"]),
            ("gzip", True, ["--as", "agentic-ci", "--files", "by-signal"]),
            ("none", False, ["--as", "jsonl", "--faults", "503=1s@30%,delay=50ms@20%", "--fault-seed", "3"]),
        ):
            run(otolith, out / "captures", protocol, compression, tls, options)


main(*sys.argv[1:])
