// What Copilot in VS Code sends, with the names of its telemetry: an agent with two model calls and two tools, whose root
// has the sum of the calls. Every number is made up.
'use strict';
const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const CONVERSATION = '1b0f2c5e-77aa-4f0c-9d3e-6b1d5a2c8f33';

module.exports = async (sdk) => {
  const { api } = sdk;
  const resource = sdk.resource({ 'service.name': 'copilot-chat', 'service.version': '0.30.0', 'session.id': '7e6d5c4b-0000-4000-8000-a1b2c3d4e5f6' });
  const tracer = sdk.tracers(resource).getTracer('copilot-chat', '0.30.0');
  const logger = sdk.loggers(resource).getLogger('copilot-chat', '0.30.0');
  const meters = sdk.meters(resource, () => sdk.metrics.AggregationTemporality.CUMULATIVE);
  const meter = meters.provider.getMeter('copilot-chat', '0.30.0');
  const calls = meter.createCounter('copilot_chat.tool.call.count');
  const usage = meter.createHistogram('gen_ai.client.token.usage');
  const turns = meter.createHistogram('copilot_chat.agent.turn.count');

  const attributes = (operation, more) => ({ 'gen_ai.operation.name': operation, 'gen_ai.provider.name': 'github', 'gen_ai.conversation.id': CONVERSATION, ...more });
  const root = tracer.startSpan('invoke_agent copilot', {
    attributes: attributes('invoke_agent', { 'gen_ai.agent.name': 'copilot', 'gen_ai.usage.input_tokens': 9500, 'gen_ai.usage.output_tokens': 320 }),
  });
  const within = api.trace.setSpan(api.ROOT_CONTEXT, root);
  logger.emit({ body: 'copilot_chat.session.start', attributes: { 'event.name': 'copilot_chat.session.start', 'session.id': CONVERSATION } });
  for (const [id, input, cached, output] of [['resp-1', 4000, 1500, 200], ['resp-2', 5500, 4000, 120]]) {
    const span = tracer.startSpan('chat gpt-5', {
      kind: api.SpanKind.CLIENT,
      attributes: attributes('chat', {
        'gen_ai.request.model': 'gpt-5',
        'gen_ai.response.model': 'gpt-5-2025-08-07',
        'gen_ai.response.id': id,
        'gen_ai.response.finish_reasons': ['stop'],
        'gen_ai.usage.input_tokens': input,
        'gen_ai.usage.output_tokens': output,
        'gen_ai.usage.cache_read.input_tokens': cached,
      }),
    }, within);
    usage.record(input, { 'gen_ai.token.type': 'input', 'gen_ai.request.model': 'gpt-5' });
    usage.record(output, { 'gen_ai.token.type': 'output', 'gen_ai.request.model': 'gpt-5' });
    await sleep(3);
    span.end();
  }
  for (const [name, isGood] of [['readFile', true], ['runInTerminal', false]]) {
    const span = tracer.startSpan(`execute_tool ${name}`, { attributes: attributes('execute_tool', { 'gen_ai.tool.name': name, 'gen_ai.tool.call.id': `call_${name}` }) }, within);
    if (!isGood) span.setStatus({ code: api.SpanStatusCode.ERROR, message: 'exit 1' });
    logger.emit({ body: `copilot_chat.tool.call: ${name}`, attributes: { 'event.name': 'copilot_chat.tool.call', 'gen_ai.tool.name': name, duration_ms: 3, success: isGood } });
    calls.add(1, { 'gen_ai.tool.name': name, success: isGood });
    await sleep(3);
    span.end();
  }
  turns.record(2, { 'gen_ai.agent.name': 'copilot' });
  root.end();
  await meters.collect();
};
