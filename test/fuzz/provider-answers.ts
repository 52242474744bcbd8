/** Whole answers of providers, by format, each with every class of tokens that it has. */

const CHAT_HEAD = { id: 'chatcmpl-1', object: 'chat.completion', created: 1, model: 'gpt-4o-mini' }

export const PROVIDER_ANSWERS: Readonly<Record<string, readonly object[]>> = {
  'openai-chat': [
    {
      ...CHAT_HEAD,
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'Grüße 👋', refusal: null },
          finish_reason: 'stop',
        },
      ],
      usage: {
        prompt_tokens: 120,
        completion_tokens: 30,
        total_tokens: 150,
        prompt_tokens_details: { cached_tokens: 64, audio_tokens: 0 },
        completion_tokens_details: { reasoning_tokens: 20, rejected_prediction_tokens: 0 },
      },
    },
    {
      ...CHAT_HEAD,
      choices: [
        {
          index: 0,
          message: {
            role: 'assistant',
            content: null,
            tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }],
          },
          finish_reason: 'tool_calls',
        },
      ],
      usage: { prompt_tokens: 12, completion_tokens: 7, total_tokens: 19 },
    },
  ],
  'openai-responses': [
    {
      id: 'resp_1',
      object: 'response',
      model: 'gpt-4o-mini',
      status: 'completed',
      output: [
        { type: 'reasoning', id: 'rs', summary: [] },
        {
          type: 'message',
          id: 'm',
          role: 'assistant',
          content: [{ type: 'output_text', text: 'abc', annotations: [] }],
        },
      ],
      usage: {
        input_tokens: 200,
        input_tokens_details: { cached_tokens: 100 },
        output_tokens: 40,
        output_tokens_details: { reasoning_tokens: 16 },
        total_tokens: 240,
      },
    },
  ],
  'openai-embeddings': [
    {
      object: 'list',
      model: 'text-embedding-3-small',
      data: [{ object: 'embedding', index: 0, embedding: [0.1, -0.2, 1e-7] }],
      usage: { prompt_tokens: 8, total_tokens: 8 },
    },
  ],
  'anthropic-messages': [
    {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model: 'claude-sonnet-4-5',
      content: [
        { type: 'thinking', thinking: 'hm', signature: 'zz' },
        { type: 'text', text: 'Grüße' },
        { type: 'tool_use', id: 't', name: 'f', input: { a: 'b' } },
      ],
      stop_reason: 'end_turn',
      usage: {
        input_tokens: 5,
        cache_read_input_tokens: 700,
        cache_creation_input_tokens: 90,
        cache_creation: { ephemeral_5m_input_tokens: 60, ephemeral_1h_input_tokens: 30 },
        output_tokens: 60,
        server_tool_use: null,
      },
    },
    { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } },
  ],
}
