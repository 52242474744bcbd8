/** The stand-in's Responses API, streamed or not. */
import type { Answer, Ask } from './answer.ts'
import { contentText, type JsonObject, list, number, object, string } from './request-json.ts'
import { type Reply, typedEvent } from './server-sent-events.ts'
import { countTokens } from './tokens.ts'

/** Frees a request of the Responses format. */
export function readResponses(body: JsonObject): Ask {
  const items =
    typeof body['input'] === 'string'
      ? [{ role: 'user', content: body['input'] }]
      : list(body['input']).map(object)
  const last: JsonObject = items.at(-1) ?? {}
  const choice = object(body['tool_choice'])
  const format = object(object(body['text'])['format'])
  const lines = items.map((item) => `${item['role']}: ${itemText(item)}`)
  return {
    model: string(body['model']),
    prompt: [string(body['instructions']), ...lines].join('\n'),
    lastText: itemText(last),
    tools: list(body['tools']).map((tool) => {
      const offered = object(tool)
      return { name: string(offered['name']), schema: offered['parameters'] }
    }),
    toolChoice:
      body['tool_choice'] === 'none'
        ? 'none'
        : choice['type'] === 'function'
          ? { name: string(choice['name']) }
          : 'auto',
    lastIsToolResult: last['type'] === 'function_call_output',
    cap: number(body['max_output_tokens']),
    stop: [],
    jsonSchema: format['type'] === 'json_object' ? {} : format['schema'],
  }
}

interface ResponseFacts {
  readonly id: string
  readonly createdSeconds: number
  readonly cachedTokens: number
}

/** Writes the answer as the format has it. */
export function responsesReply(
  body: JsonObject,
  ask: Ask,
  answer: Answer,
  facts: ResponseFacts,
): Reply {
  const open = shell(body, ask, facts)
  const item = outputItem(answer, 'completed')
  const done = {
    ...open,
    status: answer.end === 'length' ? 'incomplete' : 'completed',
    incomplete_details: answer.end === 'length' ? { reason: 'max_output_tokens' } : null,
    output: [item],
    usage: responsesUsage(ask, answer, facts.cachedTokens),
  }
  if (body['stream'] !== true) return { kind: 'json', status: 200, body: done }
  const last = { type: `response.${done.status}`, response: done }
  const events = [
    { type: 'response.created', response: open },
    { type: 'response.in_progress', response: open },
    ...itemEvents(answer, item),
    last,
  ]
  return {
    kind: 'stream',
    events: events.map((event, sequence) => typedEvent({ ...event, sequence_number: sequence })),
  }
}

function shell(body: JsonObject, ask: Ask, facts: ResponseFacts) {
  return {
    id: facts.id,
    object: 'response',
    created_at: facts.createdSeconds,
    status: 'in_progress',
    error: null,
    incomplete_details: null as object | null,
    instructions: body['instructions'] ?? null,
    max_output_tokens: ask.cap,
    model: ask.model,
    output: [] as object[],
    parallel_tool_calls: true,
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    service_tier: 'default',
    store: body['store'] ?? true,
    temperature: body['temperature'] ?? 1,
    text: body['text'] ?? { format: { type: 'text' } },
    tool_choice: body['tool_choice'] ?? 'auto',
    tools: list(body['tools']),
    top_p: body['top_p'] ?? 1,
    truncation: 'disabled',
    usage: null as object | null,
    metadata: body['metadata'] ?? {},
  }
}

function responsesUsage(ask: Ask, answer: Answer, cachedTokens: number) {
  const input = countTokens(ask.prompt)
  const output = answer.tokens.length
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: cachedTokens },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: input + output,
  }
}

function outputItem(answer: Answer, status: 'in_progress' | 'completed') {
  const text = answer.tokens.join('')
  if (answer.tool !== null) {
    const call = { call_id: 'call_stand_in', name: answer.tool, arguments: text }
    return { id: 'fc_stand_in', type: 'function_call', status, ...call }
  }
  const content = status === 'completed' ? [textPart(text)] : []
  return { id: 'msg_stand_in', type: 'message', status, role: 'assistant', content }
}

function textPart(text: string) {
  return { type: 'output_text', text, annotations: [], logprobs: [] }
}

function itemEvents(answer: Answer, item: { readonly id: string }) {
  const at = { item_id: item.id, output_index: 0 }
  const text = answer.tokens.join('')
  const opened = outputItem({ ...answer, tokens: [] }, 'in_progress')
  const added = { type: 'response.output_item.added', output_index: 0, item: opened }
  const done = { type: 'response.output_item.done', output_index: 0, item }
  if (answer.tool !== null) {
    const type = 'response.function_call_arguments'
    const deltas = answer.tokens.map((delta) => ({ type: `${type}.delta`, ...at, delta }))
    return [
      added,
      ...deltas,
      { type: `${type}.done`, ...at, name: answer.tool, arguments: text },
      done,
    ]
  }
  const part = { ...at, content_index: 0 }
  return [
    added,
    { type: 'response.content_part.added', ...part, part: textPart('') },
    ...answer.tokens.map((delta) => ({
      type: 'response.output_text.delta',
      ...part,
      delta,
      logprobs: [],
    })),
    { type: 'response.output_text.done', ...part, text, logprobs: [] },
    { type: 'response.content_part.done', ...part, part: textPart(text) },
    done,
  ]
}

function itemText(item: JsonObject): string {
  return contentText(item['content'] ?? item['output'] ?? item['arguments'])
}
