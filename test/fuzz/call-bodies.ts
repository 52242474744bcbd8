/** Bodies of calls, by format: small, and with every kind of part that a format has. */

const PNG = `data:image/png;base64,${Buffer.alloc(60, 3).toString('base64')}`
const SCHEMA = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] }
const EPHEMERAL = { cache_control: { type: 'ephemeral', ttl: '1h' } }

const CLAUDE = {
  model: 'claude-x',
  max_tokens: 9,
  system: [{ type: 'text', text: 'Be brief.', ...EPHEMERAL }],
  messages: [
    { role: 'user', content: 'Grüße 👋' },
    {
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: 'hm', signature: 'zz' },
        { type: 'tool_use', id: 't', name: 'f', input: { city: 'Bern' } },
      ],
    },
    {
      role: 'user',
      content: [
        { type: 'tool_result', tool_use_id: 't', content: [{ type: 'text', text: '21' }] },
        { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } },
        {
          type: 'document',
          source: { type: 'base64', media_type: 'application/pdf', data: 'AAAA' },
          ...EPHEMERAL,
        },
      ],
    },
  ],
  tools: [
    { name: 'f', description: 'd', input_schema: SCHEMA, ...EPHEMERAL },
    { type: 'bash_20250124', name: 'bash' },
  ],
  tool_choice: { type: 'auto' },
  thinking: { type: 'enabled', budget_tokens: 1_024 },
}

export const CALL_BODIES: Readonly<Record<string, readonly object[]>> = {
  'openai-chat': [
    { model: 'm', messages: [{ role: 'user', content: 'hi' }] },
    {
      model: 'm',
      messages: [
        { role: 'developer', content: 'Be brief.', name: 'app' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What is it? 👋' },
            { type: 'image_url', image_url: { url: PNG, detail: 'low' } },
          ],
        },
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }],
        },
        { role: 'tool', tool_call_id: 'c', content: '21' },
      ],
      tools: [{ type: 'function', function: { name: 'f', parameters: SCHEMA, strict: true } }],
      tool_choice: { type: 'function', function: { name: 'f' } },
      response_format: { type: 'json_schema', json_schema: { name: 'a', schema: SCHEMA } },
      prediction: { type: 'content', content: 'maybe this' },
      stream: true,
      stream_options: { include_usage: true },
      max_completion_tokens: 5,
      n: 2,
      temperature: 0.5,
      logit_bias: { '50256': -100 },
      stop: ['\n'],
      service_tier: 'default',
      store: true,
    },
  ],
  'openai-responses': [
    { model: 'm', input: 'hi' },
    {
      model: 'm',
      instructions: 'Be brief.',
      input: [
        { role: 'user', content: [{ type: 'input_text', text: 'in Zürich' }] },
        { role: 'user', content: [{ type: 'input_image', image_url: PNG, detail: 'auto' }] },
        { id: 'rs_1', type: 'reasoning', summary: [], encrypted_content: 'gAAA' },
        { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' },
        { type: 'function_call_output', call_id: 'c', output: '21' },
      ],
      include: ['reasoning.encrypted_content'],
      tools: [{ type: 'function', name: 'f', parameters: SCHEMA, strict: true }],
      reasoning: { effort: 'medium', summary: 'auto' },
      text: { format: { type: 'json_schema', name: 'a', schema: SCHEMA } },
      max_output_tokens: 100,
      stream: true,
      store: false,
      background: false,
      previous_response_id: null,
    },
  ],
  'openai-embeddings': [
    { model: 'm', input: 'hi' },
    { model: 'm', input: ['one', 'two'], dimensions: 64, encoding_format: 'base64' },
    {
      model: 'm',
      input: [
        [1, 2],
        [3, 4],
      ],
    },
  ],
  'anthropic-messages': [
    { model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] },
    { ...CLAUDE, stream: true, temperature: 1, stop_sequences: ['x'], metadata: { user_id: 'u' } },
  ],
  'anthropic-count-tokens': [
    { model: 'm', messages: [{ role: 'user', content: 'hi' }] },
    (({ max_tokens: _, ...counted }) => counted)(CLAUDE),
  ],
}
