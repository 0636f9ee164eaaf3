// One of each: spans with events, links, status, parents and dropped parts; log records with and without severity and
// with bodies of all kinds; all instruments, cumulative and delta.
'use strict';
const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

module.exports = async (sdk) => {
  const resource = sdk.resource(
    { 'service.name': 'demo-js', 'service.version': '1.2.3', 'host.name': 'mimas', 'process.pid': 4711, 'demo.flags': [true, false] },
    'https://opentelemetry.io/schemas/1.37.0',
  );
  const inRoot = spans(sdk, resource);
  logRecords(sdk, resource, inRoot);
  const { CUMULATIVE, DELTA } = sdk.metrics.AggregationTemporality;
  await points(sdk, resource, 'cumulative', () => CUMULATIVE);
  // As the SDK's own preference for delta has it: what goes up and down stays cumulative.
  await points(sdk, resource, 'delta', (kind) => (/UP_DOWN/.test(kind) ? CUMULATIVE : DELTA));
};

function spans({ api, tracers }, resource) {
  const { ROOT_CONTEXT, SpanKind, SpanStatusCode } = api;
  const provider = tracers(resource, { spanLimits: { attributeCountLimit: 8, eventCountLimit: 2, linkCountLimit: 2 } });
  const tracer = provider.getTracer('demo.tracer', '0.9.0', { schemaUrl: 'https://example.com/schema/1' });
  const bare = provider.getTracer('demo.bare');
  const root = tracer.startSpan('root', { kind: SpanKind.SERVER, root: true }, ROOT_CONTEXT);
  root.setAttribute('text', 'caf\u00e9 \u2713 "quoted"');
  root.setAttributes({ int: 42, negative: -7, half: 0.5, yes: true, list: ['a', 'b'], ints: [1, 2], nothing: [], ninth: 'dropped' });
  const inRoot = api.trace.setSpan(ROOT_CONTEXT, root);
  for (const kind of [SpanKind.INTERNAL, SpanKind.CLIENT, SpanKind.PRODUCER, SpanKind.CONSUMER]) {
    const span = bare.startSpan(`child ${kind}`, { kind, attributes: { 'gen_ai.usage.input_tokens': 10 * kind, ratio: 0.25 } }, inRoot);
    span.addEvent('first', { at: kind, note: 'x' });
    span.addEvent('bare');
    if (kind === SpanKind.CLIENT) {
      const error = new TypeError('went wrong');
      error.stack = 'TypeError: went wrong\n    at /srv/demo/app.js:1:1';
      span.recordException(error);
      span.setStatus({ code: SpanStatusCode.ERROR, message: 'went wrong' });
    }
    if (kind === SpanKind.PRODUCER) span.setStatus({ code: SpanStatusCode.OK });
    span.end();
  }
  const remote = {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    traceFlags: 1,
    isRemote: true,
    traceState: api.createTraceState('vendor=abc,other=1'),
  };
  const links = [{ context: root.spanContext(), attributes: { why: 'follows' } }, { context: remote }];
  tracer.startSpan('linked', { links }, api.trace.setSpanContext(ROOT_CONTEXT, remote)).end();
  root.end();
  return inRoot;
}

function logRecords({ SeverityNumber, loggers }, resource, inRoot) {
  const logger = loggers(resource).getLogger('demo.logger', '2.0.0');
  logger.emit({ body: 'plain, without severity', attributes: { 'event.name': 'demo.plain', n: 3, f: 1.5, ok: false } });
  logger.emit({ body: 'severe', severityNumber: SeverityNumber.ERROR2, severityText: 'ERROR2', attributes: {}, context: inRoot });
  logger.emit({
    body: { text: 'map', n: 1, f: 2.5, yes: true, list: [1, 'two', null, [3]], inner: { deep: null } },
    severityNumber: SeverityNumber.INFO,
    attributes: { map: { a: 1, b: [true] } },
  });
  logger.emit({ timestamp: new Date(1790000000123), observedTimestamp: [1790000001, 5], body: 'timed', eventName: 'demo.timed', severityText: 'INFO' });
  logger.emit({ attributes: { 'only.attributes': 'yes' } });
  logger.emit({ body: ['p', 2, 0.5], attributes: { big: 9007199254740991 } });
}

async function points({ api, metrics, meters, isV2 }, resource, word, temporality) {
  const exponential = isV2
    ? { instrumentName: 'demo.exponential', aggregation: { type: metrics.AggregationType.EXPONENTIAL_HISTOGRAM, options: { maxSize: 20, recordMinMax: true } } }
    : new metrics.View({ instrumentName: 'demo.exponential', aggregation: new metrics.ExponentialHistogramAggregation(20, true) });
  const { provider, collect } = meters(resource, temporality, [exponential]);
  const meter = provider.getMeter(`demo.${word}`, '3.1', { schemaUrl: 'https://example.com/schema/2' });
  const other = provider.getMeter(`demo.observed.${word}`);
  const INT = { valueType: api.ValueType.INT };
  const tokens = meter.createCounter('demo.tokens', { description: 'Tokens used.', unit: '{token}', ...INT });
  const money = meter.createCounter('demo.money', { unit: 'USD' });
  const depth = meter.createUpDownCounter('demo.depth', INT);
  const latency = meter.createHistogram('demo.latency', { unit: 'ms', advice: { explicitBucketBoundaries: [5, 50, 500] } });
  const sizes = meter.createHistogram('demo.sizes', { unit: 'By', ...INT });
  const waits = meter.createHistogram('demo.waits', { unit: 's' });
  const powers = meter.createHistogram('demo.exponential');
  const gauge = meter.createGauge('demo.gauge', { unit: '1' });
  other.createObservableGauge('demo.observed.gauge').addCallback((result) => {
    result.observe(0.125, { cpu: 0 });
    result.observe(0.875, { cpu: 1 });
  });
  let calls = 0;
  other.createObservableCounter('demo.observed.counter', INT).addCallback((result) => {
    calls += 1;
    // The first falls once, as a counter that was set back.
    result.observe(calls === 2 ? 5 : 1000 * calls, { cpu: 0 });
    result.observe(2000, { cpu: 1 });
  });
  other.createObservableUpDownCounter('demo.observed.updown').addCallback((result) => result.observe(-5.5));
  const shared = { model: 'm', type: 'input' };
  for (let round = 0; round < 2; round += 1) {
    tokens.add(100 + round, { model: 'm', type: 'input' });
    tokens.add(7, { model: 'm', type: 'output' });
    money.add(0.25, shared);
    money.add(2, {});
    depth.add(round === 1 ? -2 : 3, { queue: 'q' });
    for (const value of [1, 30, 700, 30.5]) latency.record(value * (round + 1), { route: '/a' });
    latency.record(3, { route: '/b' });
    sizes.record(10 + round, { route: '/a' });
    sizes.record(6000, { route: '/b' });
    waits.record(0.5, shared);
    for (const value of [0, 0.5, 1, 100, 1000]) powers.record(value + round, { route: '/a' });
    gauge.record(0.5 + round, { zone: 'a' });
    gauge.record(NaN, { zone: 'b' });
    await sleep(30);
    await collect();
    await sleep(20);
  }
  await provider.shutdown();
}
