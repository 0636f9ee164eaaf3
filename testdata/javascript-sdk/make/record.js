// Records one scenario with an OpenTelemetry JavaScript SDK: the same telemetry goes to file exporters that dump
// the SDK's objects as agents write them, and through the SDK's own OTLP/JSON exporters to a sink on loopback.
//
//   npm install --prefix SDK @opentelemetry/{api,api-logs,sdk-trace-base,sdk-trace-node,sdk-metrics,sdk-logs,resources} \
//     @opentelemetry/exporter-{trace,metrics,logs}-otlp-http
//   node record.js SDK SCENARIO OUT [WRITER...]
//
// For SDK 1.x: version 1.30.1 of the sdk-trace-*, sdk-metrics and resources packages, 0.57.2 of the others but api.
// SDK is a directory with node_modules, SCENARIO a script that exports `async (sdk) => ..`, OUT a directory. It then
// holds otlp.jsonl (one line per request) and one file per WRITER (default: all).
'use strict';
const fs = require('fs');
const http = require('http');
const path = require('path');

const [, , base, scenario, out, ...wanted] = process.argv;
const load = (name) => require(path.resolve(base, 'node_modules', name));
const api = load('@opentelemetry/api');
const trace = load('@opentelemetry/sdk-trace-base');
const { NodeTracerProvider } = load('@opentelemetry/sdk-trace-node');
const metrics = load('@opentelemetry/sdk-metrics');
const logs = load('@opentelemetry/sdk-logs');
const resources = load('@opentelemetry/resources');
const { SeverityNumber } = load('@opentelemetry/api-logs');
const { OTLPTraceExporter } = load('@opentelemetry/exporter-trace-otlp-http');
const { OTLPMetricExporter } = load('@opentelemetry/exporter-metrics-otlp-http');
const { OTLPLogExporter } = load('@opentelemetry/exporter-logs-otlp-http');
const isV2 = resources.resourceFromAttributes !== undefined;

// Gemini CLI: what was written before in the same object is cut, though it be no circle.
function withSeen(object) {
  const seen = new WeakSet();
  const replace = (_, value) => {
    if (typeof value !== 'object' || value === null) return value;
    if (seen.has(value)) return '[Circular]';
    seen.add(value);
    return value;
  };
  return JSON.stringify(object, replace, 2);
}

// Qwen Code: only circles are cut.
function withAncestors(object) {
  const open = [];
  const replace = function (_, value) {
    if (typeof value !== 'object' || value === null) return value;
    while (open.length > 0 && open[open.length - 1] !== this) open.pop();
    if (open.includes(value)) return '[Circular]';
    open.push(value);
    return value;
  };
  return JSON.stringify(object, replace, 2);
}

// Copilot in VS Code: one line, spans by their public members.
function asLine(object) {
  if (typeof object.spanContext !== 'function' || object.events === undefined) return JSON.stringify(object);
  const context = object.spanContext();
  return JSON.stringify({
    resource: { attributes: object.resource.attributes },
    instrumentationScope: object.instrumentationScope ?? object.instrumentationLibrary,
    traceId: context.traceId,
    spanId: context.spanId,
    traceFlags: context.traceFlags,
    traceState: context.traceState?.serialize(),
    parentSpanId: object.parentSpanContext?.spanId ?? object.parentSpanId,
    name: object.name,
    kind: object.kind,
    startTime: object.startTime,
    endTime: object.endTime,
    duration: object.duration,
    status: object.status,
    attributes: object.attributes,
    links: object.links,
    events: object.events,
    ended: object.ended,
    droppedAttributesCount: object.droppedAttributesCount,
    droppedEventsCount: object.droppedEventsCount,
    droppedLinksCount: object.droppedLinksCount,
  });
}

const WRITERS = { 'seen.json': withSeen, 'ancestors.json': withAncestors, 'lines.jsonl': asLine };
const writers = Object.entries(WRITERS).filter(([name]) => wanted.length === 0 || wanted.includes(name));

class FileExporter {
  constructor(name, write) {
    this.write = write;
    this.writeStream = fs.createWriteStream(path.join(out, name), { flags: 'a' });
  }
  export(items, done) {
    const text = [items].flat().map((item) => this.write(item) + '\n').join('');
    this.writeStream.write(text, (error) => done({ code: error ? 1 : 0, error }));
  }
  forceFlush() {
    return Promise.resolve();
  }
  shutdown() {
    return new Promise((resolve) => this.writeStream.end(resolve));
  }
}

// One processor and one collection for all exporters: spans drag what processes them into a dump, and collections at
// one time have equal times.
class All {
  constructor(exporters, temporality) {
    this.exporters = exporters;
    this.temporality = temporality;
  }
  export(items, done) {
    const all = this.exporters.map((exporter) => new Promise((resolve) => exporter.export(items, resolve)));
    Promise.all(all).then((results) => done(results.find((result) => result.code !== 0) ?? { code: 0 }));
  }
  selectAggregationTemporality(kind) {
    return this.temporality(kind);
  }
  forceFlush() {
    return Promise.resolve();
  }
  shutdown() {
    return Promise.all(this.exporters.map((exporter) => exporter.shutdown()));
  }
}

const files = () => writers.map(([name, write]) => new FileExporter(name, write));

function makeSdk(url) {
  const closing = [];
  return {
    api,
    SeverityNumber,
    metrics,
    isV2,
    resource: (attributes, schemaUrl) =>
      isV2 ? resources.resourceFromAttributes(attributes, { schemaUrl }) : new resources.Resource(attributes),
    tracers(resource, options) {
      const exporter = new All([...files(), new OTLPTraceExporter({ url: `${url}/v1/traces` })]);
      const spanProcessors = [new trace.BatchSpanProcessor(exporter)];
      const provider = new NodeTracerProvider({ resource, spanProcessors, ...options });
      closing.push(provider);
      return provider;
    },
    loggers(resource) {
      const exporter = new All([...files(), new OTLPLogExporter({ url: `${url}/v1/logs` })]);
      const processors = [new logs.BatchLogRecordProcessor(isV2 ? { exporter } : exporter)];
      const provider = new logs.LoggerProvider({ resource, processors });
      if (!isV2) processors.forEach((processor) => provider.addLogRecordProcessor(processor));
      closing.push(provider);
      return provider;
    },
    meters(resource, temporality, views) {
      const otlp = new OTLPMetricExporter({ url: `${url}/v1/metrics` });
      const exporter = new All([...files(), otlp], temporality);
      const reader = new metrics.PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3600000 });
      const provider = new metrics.MeterProvider({ resource, readers: [reader], views });
      closing.push(provider);
      return { provider, collect: () => reader.forceFlush() };
    },
    close: async () => {
      for (const provider of closing) await provider.shutdown();
    },
  };
}

fs.mkdirSync(out, { recursive: true });
for (const name of [...Object.keys(WRITERS), 'otlp.jsonl']) fs.rmSync(path.join(out, name), { force: true });
const server = http.createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    fs.appendFileSync(path.join(out, 'otlp.jsonl'), Buffer.concat(chunks).toString() + '\n');
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end('{}');
  });
});
server.listen(0, '127.0.0.1', async () => {
  const sdk = makeSdk(`http://127.0.0.1:${server.address().port}`);
  await require(path.resolve(scenario))(sdk);
  await sdk.close();
  server.close();
});
