// What Qwen Code sends, with the names of its telemetry: one prompt, two answers, two tool calls. Every number is made up.
'use strict';
const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const SESSION = '9c0e6f0a-4b7c-4a54-8f6c-30d2b1a7e522';
const MODEL = 'qwen3-coder-plus';

module.exports = async (sdk) => {
  const { api } = sdk;
  const resource = sdk.resource({ 'service.name': 'qwen-code', 'service.version': '0.24.4' });
  const logger = sdk.loggers(resource).getLogger('qwen-code');
  const event = (name, body, attributes) =>
    logger.emit({ body, attributes: { 'session.id': SESSION, 'event.name': `qwen-code.${name}`, 'event.timestamp': new Date().toISOString(), ...attributes } });
  const meters = sdk.meters(resource, () => sdk.metrics.AggregationTemporality.CUMULATIVE);
  const tokens = meters.provider.getMeter('qwen-code').createCounter('qwen-code.token.usage', {
    description: 'Counts the total number of tokens used.',
    valueType: api.ValueType.INT,
  });
  const tracer = sdk.tracers(resource).getTracer('qwen-code');
  const root = tracer.startSpan('qwen-code.interaction', { attributes: { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.conversation.id': SESSION } });
  event('user_prompt', 'User prompt. Length: 12.', { prompt_length: 12, prompt_id: `${SESSION}########0` });
  const responses = [
    // With OpenAI-compatible providers the output includes thoughts.
    { id: 'chatcmpl-1', input: 3000, cached: 2000, output: 150, thoughts: 50 },
    { id: 'chatcmpl-2', input: 3200, cached: 3000, output: 40, thoughts: 0 },
  ];
  for (const r of responses) {
    event('api_response', `API response from ${MODEL}. Status: 200. Duration: 900ms.`, {
      response_id: r.id,
      model: MODEL,
      duration_ms: 900,
      status_code: 200,
      input_token_count: r.input,
      output_token_count: r.output,
      cached_content_token_count: r.cached,
      thoughts_token_count: r.thoughts,
      total_token_count: r.input + r.output,
      prompt_id: `${SESSION}########0`,
    });
    for (const [type, count] of [['input', r.input], ['output', r.output], ['cache', r.cached], ['thought', r.thoughts]]) {
      tokens.add(count, { model: MODEL, type });
    }
    await sleep(2);
  }
  for (const [id, name, success] of [['call-1', 'read_file', true], ['call-2', 'edit', false]]) {
    event('tool_call', `Tool call: ${name}. Success: ${success}. Duration: 30ms.`, {
      call_id: id, function_name: name, function_args: '{}', duration_ms: 30, status: success ? 'success' : 'error', success, decision: 'auto_accept', prompt_id: `${SESSION}########0`, tool_type: 'native',
    });
  }
  root.end();
  await meters.collect();
};
