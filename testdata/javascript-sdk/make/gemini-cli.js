// What Gemini CLI sends, with the names of its telemetry: two prompts of one session, three answers and an error, three
// tool calls. Every number is made up.
'use strict';
const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const SESSION = '5d2f3d4e-8a1b-4c1f-9f65-0a4f6e1f0c11';
const PRO = 'gemini-2.5-pro';
const FLASH = 'gemini-2.5-flash';

const RESPONSES = [
  { model: PRO, prompt: 1, ms: 2100, input: 1200, cached: 200, output: 80, thoughts: 40, tool: 10 },
  { model: PRO, prompt: 1, ms: 1700, input: 1400, cached: 1100, output: 60, thoughts: 25, tool: 0 },
  { model: FLASH, prompt: 2, ms: 600, input: 500, cached: 0, output: 20, thoughts: 0, tool: 0 },
];
const TOOLS = [
  { prompt: 1, name: 'read_file', ms: 25, success: true, decision: 'auto_accept' },
  { prompt: 1, name: 'run_shell_command', ms: 340, success: false, decision: 'accept' },
  { prompt: 2, name: 'write_file', ms: 4, success: false, decision: 'reject' },
];

module.exports = async (sdk) => {
  const { api } = sdk;
  const resource = sdk.resource({ 'service.name': 'gemini-cli', 'service.version': 'v20.20.2', 'session.id': SESSION });
  const common = () => ({
    'session.id': SESSION,
    'installation.id': 'c0a8a1f2-0000-4000-8000-5f1d0c9b7a10',
    interactive: false,
    auth_type: 'gemini-api-key',
  });
  const logger = sdk.loggers(resource).getLogger('gemini-cli');
  const event = (name, body, attributes) =>
    logger.emit({ body, attributes: { ...common(), 'event.name': `gemini_cli.${name}`, 'event.timestamp': new Date().toISOString(), ...attributes } });
  const prompt = (number) => `${SESSION}########${number}`;

  const meters = sdk.meters(resource, () => sdk.metrics.AggregationTemporality.CUMULATIVE);
  const meter = meters.provider.getMeter('gemini-cli');
  const INT = { valueType: api.ValueType.INT };
  const counter = (name, description) => meter.createCounter(`gemini_cli.${name}`, { description, ...INT });
  const histogram = (name, description, unit) => meter.createHistogram(`gemini_cli.${name}`, { description, unit, ...INT });
  const sessions = counter('session.count', 'Count of CLI sessions started.');
  const tokens = counter('token.usage', 'Counts the total number of tokens used.');
  const requests = counter('api.request.count', 'Counts API requests, tagged by model and status.');
  const latency = histogram('api.request.latency', 'Latency of API requests in milliseconds.', 'ms');
  const calls = counter('tool.call.count', 'Counts tool calls, tagged by function name and success.');
  const callLatency = histogram('tool.call.latency', 'Latency of tool calls in milliseconds.', 'ms');
  const memory = histogram('memory.usage', 'Memory usage in bytes.', 'bytes');
  const tokenUsage = meter.createHistogram('gen_ai.client.token.usage', { description: 'Number of input and output tokens used.', unit: 'token', ...INT });

  const tracer = sdk.tracers(resource).getTracer('gemini-cli', 'v1');
  const spanOf = (operation, within) =>
    tracer.startSpan(operation, { attributes: { 'gen_ai.operation.name': operation, 'gen_ai.agent.name': 'gemini-cli', 'gen_ai.conversation.id': SESSION } }, within);

  sessions.add(1, common());
  event('config', 'CLI configuration loaded.', { model: PRO, sandbox_enabled: false, core_tools_enabled: '', approval_mode: 'default' });
  for (const number of [1, 2]) {
    const root = spanOf('user_prompt', api.ROOT_CONTEXT);
    const within = api.trace.setSpan(api.ROOT_CONTEXT, root);
    event('user_prompt', `User prompt. Length: ${10 * number}.`, { prompt_length: 10 * number, prompt_id: prompt(number), auth_type: 'gemini-api-key' });
    for (const r of RESPONSES.filter((response) => response.prompt === number)) {
      const span = spanOf('llm_call', within);
      event('api_request', `API request to ${r.model}.`, { model: r.model, prompt_id: prompt(number) });
      event('api_response', `API response from ${r.model}. Status: 200. Duration: ${r.ms}ms.`, {
        model: r.model,
        duration_ms: r.ms,
        input_token_count: r.input,
        output_token_count: r.output,
        cached_content_token_count: r.cached,
        thoughts_token_count: r.thoughts,
        tool_token_count: r.tool,
        total_token_count: r.input + r.output + r.thoughts + r.tool,
        prompt_id: prompt(number),
        auth_type: 'gemini-api-key',
        status_code: 200,
        'http.status_code': 200,
        finish_reasons: ['STOP'],
      });
      logger.emit({
        body: `GenAI operation details from ${r.model}. Status: 200. Duration: ${r.ms}ms.`,
        attributes: {
          ...common(),
          'event.name': 'gen_ai.client.inference.operation.details',
          'gen_ai.request.model': r.model,
          'gen_ai.usage.input_tokens': r.input,
          'gen_ai.usage.output_tokens': r.output,
        },
      });
      const add = (type, count) => tokens.add(count, { ...common(), model: r.model, type });
      add('input', r.input);
      add('output', r.output);
      add('cache', r.cached);
      add('thought', r.thoughts);
      add('tool', r.tool);
      requests.add(1, { ...common(), model: r.model, status_code: 200, error_type: '' });
      latency.record(r.ms, { ...common(), model: r.model });
      tokenUsage.record(r.input, { ...common(), 'gen_ai.request.model': r.model, 'gen_ai.token.type': 'input' });
      tokenUsage.record(r.output, { ...common(), 'gen_ai.request.model': r.model, 'gen_ai.token.type': 'output' });
      span.end();
      await sleep(2);
    }
    for (const tool of TOOLS.filter((call) => call.prompt === number)) {
      const span = spanOf('tool_call', within);
      event('tool_call', `Tool call: ${tool.name}. Decision: ${tool.decision}. Success: ${tool.success}. Duration: ${tool.ms}ms.`, {
        function_name: tool.name,
        function_args: '{\n  "path": "/srv/demo/app.js"\n}',
        duration_ms: tool.ms,
        success: tool.success,
        decision: tool.decision,
        prompt_id: prompt(number),
        tool_type: 'native',
      });
      calls.add(1, { ...common(), function_name: tool.name, success: tool.success, decision: tool.decision, tool_type: 'native' });
      callLatency.record(tool.ms, { ...common(), function_name: tool.name });
      span.end();
      await sleep(2);
    }
    if (number === 2) {
      event('api_error', `API error for ${PRO}. Error: quota. Duration: 90ms.`, {
        'error.message': 'quota', model_name: PRO, duration: 90, model: PRO, error: 'quota', status_code: 429, duration_ms: 90, prompt_id: prompt(2), 'error.type': 'ApiError',
      });
      requests.add(1, { ...common(), model: PRO, status_code: 429, error_type: 'ApiError' });
    }
    memory.record(60000000 + number, { ...common(), component: 'session' });
    root.end();
    await meters.collect();
  }
};
