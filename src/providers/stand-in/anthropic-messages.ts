/** The stand-in's Anthropic messages, streamed or not, and the free token count. */
import type { Answer, Ask } from './answer.ts'
import {
  contentText,
  type JsonObject,
  list,
  number,
  object,
  string,
  strings,
} from './request-json.ts'
import { type Reply, typedEvent } from './server-sent-events.ts'
import { countTokens } from './tokens.ts'

/** Frees a request of the messages format. */
export function readMessages(body: JsonObject): Ask {
  const last = object(list(body['messages']).at(-1))
  const choice = object(body['tool_choice'])
  return {
    model: string(body['model']),
    prompt: promptBlocks(body)
      .map((block) => block.text)
      .join('\n'),
    lastText: contentText(last['content']),
    tools: list(body['tools']).map((tool) => {
      const offered = object(tool)
      return { name: string(offered['name']), schema: offered['input_schema'] }
    }),
    toolChoice:
      choice['type'] === 'none'
        ? 'none'
        : choice['type'] === 'tool'
          ? { name: string(choice['name']) }
          : 'auto',
    lastIsToolResult: list(last['content']).some((part) => object(part)['type'] === 'tool_result'),
    cap: number(body['max_tokens']),
    stop: strings(body['stop_sequences']),
    jsonSchema: object(object(body['output_config'])['format'])['schema'],
  }
}

/** What the request asks to have cached: everything up to its last mark, and for how long. */
export function markedPrefix(
  body: JsonObject,
): { readonly text: string; readonly hour: boolean } | null {
  const blocks = promptBlocks(body)
  const at = blocks.findLastIndex((block) => block.mark !== null)
  if (at < 0) return null
  const text = blocks.slice(0, at + 1).map((block) => block.text)
  return { text: text.join('\n'), hour: blocks[at]?.mark === '1h' }
}

interface MessageFacts {
  readonly id: string
  readonly cache: { readonly read: number; readonly written: number; readonly hour: boolean }
}

/** Writes the answer as the format has it. */
export function messagesReply(
  body: JsonObject,
  ask: Ask,
  answer: Answer,
  facts: MessageFacts,
): Reply {
  const text = answer.tokens.join('')
  const usage = { ...inputUsage(ask, facts), output_tokens: answer.tokens.length }
  const stop = { stop_reason: stopReason(answer), stop_sequence: answer.stopSequence }
  const head = { id: facts.id, type: 'message', role: 'assistant', model: ask.model }
  if (body['stream'] !== true) {
    const block =
      answer.tool === null
        ? { type: 'text', text, citations: null }
        : { ...toolBlock(answer.tool), input: answer.end === 'length' ? {} : JSON.parse(text) }
    return { kind: 'json', status: 200, body: { ...head, content: [block], ...stop, usage } }
  }
  const started = { ...head, content: [], stop_reason: null, stop_sequence: null }
  const events = [
    { type: 'message_start', message: { ...started, usage: { ...usage, output_tokens: 1 } } },
    { type: 'content_block_start', index: 0, content_block: openBlock(answer) },
    { type: 'ping' },
    ...answer.tokens.map((token) => ({
      type: 'content_block_delta',
      index: 0,
      delta:
        answer.tool === null
          ? { type: 'text_delta', text: token }
          : { type: 'input_json_delta', partial_json: token },
    })),
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: stop, usage: { output_tokens: answer.tokens.length } },
    { type: 'message_stop' },
  ]
  return { kind: 'stream', events: events.map(typedEvent) }
}

/** Answers `count_tokens`. */
export function countReply(ask: Ask): Reply {
  return { kind: 'json', status: 200, body: { input_tokens: countTokens(ask.prompt) } }
}

function inputUsage(ask: Ask, { cache }: MessageFacts) {
  return {
    input_tokens: countTokens(ask.prompt) - cache.read - cache.written,
    cache_creation_input_tokens: cache.written,
    cache_read_input_tokens: cache.read,
    cache_creation: {
      ephemeral_5m_input_tokens: cache.hour ? 0 : cache.written,
      ephemeral_1h_input_tokens: cache.hour ? cache.written : 0,
    },
    service_tier: 'standard',
  }
}

function stopReason(answer: Answer): string {
  if (answer.end === 'length') return 'max_tokens'
  if (answer.end === 'tool') return 'tool_use'
  return answer.stopSequence === null ? 'end_turn' : 'stop_sequence'
}

function toolBlock(name: string) {
  return { type: 'tool_use', id: 'toolu_stand_in', name, input: {} }
}

function openBlock(answer: Answer) {
  return answer.tool === null ? { type: 'text', text: '' } : toolBlock(answer.tool)
}

interface PromptBlock {
  readonly text: string
  /** How long to cache everything up to here; null: unmarked. */
  readonly mark: '5m' | '1h' | null
}

function promptBlocks(body: JsonObject): PromptBlock[] {
  const messages = list(body['messages']).map(object)
  return [body['system'], ...messages.map((message) => message['content'])].flatMap(contentBlocks)
}

function contentBlocks(content: unknown): PromptBlock[] {
  if (content === undefined) return []
  if (typeof content === 'string') return [{ text: content, mark: null }]
  return list(content).map((part) => {
    const control = object(part)['cache_control']
    const mark = object(control)['ttl'] === '1h' ? '1h' : '5m'
    return { text: contentText([part]), mark: object(control)['type'] === undefined ? null : mark }
  })
}
