/** The stand-in's chat completions, streamed or not. */
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
import { dataEvent, type Reply } from './server-sent-events.ts'
import { countTokens } from './tokens.ts'

/** Frees a request of the chat format. */
export function readChat(body: JsonObject): Ask {
  const messages = list(body['messages']).map(object)
  const last = messages.at(-1) ?? {}
  const choice = object(body['tool_choice'])
  const jsonSchema = object(object(body['response_format'])['json_schema'])['schema']
  return {
    model: string(body['model']),
    prompt: messages
      .map((message) => `${message['role']}: ${contentText(message['content'])}`)
      .join('\n'),
    lastText: contentText(last['content']),
    tools: list(body['tools']).map((tool) => {
      const offered = object(object(tool)['function'])
      return { name: string(offered['name']), schema: offered['parameters'] }
    }),
    toolChoice:
      body['tool_choice'] === 'none'
        ? 'none'
        : choice['type'] === 'function'
          ? { name: string(object(choice['function'])['name']) }
          : 'auto',
    lastIsToolResult: last['role'] === 'tool',
    cap: number(body['max_completion_tokens']) ?? number(body['max_tokens']),
    stop: strings(body['stop']),
    jsonSchema: object(body['response_format'])['type'] === 'json_object' ? {} : jsonSchema,
  }
}

interface ChatFacts {
  readonly id: string
  readonly createdSeconds: number
  readonly cachedTokens: number
}

/** Writes the answer as the format has it. */
export function chatReply(body: JsonObject, ask: Ask, answer: Answer, facts: ChatFacts): Reply {
  const choices = number(body['n']) ?? 1
  const head = { id: facts.id, created: facts.createdSeconds, model: ask.model }
  const usage = chatUsage(ask, answer, choices, facts.cachedTokens)
  const finish = answer.end === 'tool' ? 'tool_calls' : answer.end
  if (body['stream'] === true) {
    const wantsUsage = object(body['stream_options'])['include_usage'] === true
    return {
      kind: 'stream',
      events: chatEvents(head, answer, choices, finish, wantsUsage ? usage : null),
    }
  }
  const message = {
    role: 'assistant',
    content: answer.tool === null ? answer.tokens.join('') : null,
    refusal: null,
    ...(answer.tool === null ? {} : { tool_calls: [toolCall(answer)] }),
  }
  const list = Array.from({ length: choices }, (_, index) => ({
    index,
    message,
    logprobs: null,
    finish_reason: finish,
  }))
  const completion = {
    ...head,
    object: 'chat.completion',
    choices: list,
    usage,
    service_tier: 'default',
  }
  return { kind: 'json', status: 200, body: completion }
}

function chatUsage(ask: Ask, answer: Answer, choices: number, cachedTokens: number) {
  const input = countTokens(ask.prompt)
  const output = answer.tokens.length * choices
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    prompt_tokens_details: { cached_tokens: cachedTokens, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: 0,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  }
}

function toolCall(answer: Answer) {
  return {
    id: 'call_stand_in',
    type: 'function',
    function: { name: answer.tool, arguments: answer.tokens.join('') },
  }
}

function chatEvents(
  head: object,
  answer: Answer,
  choices: number,
  finish: string,
  usage: object | null,
): string[] {
  const usageField = usage === null ? {} : { usage: null }
  const chunk = (index: number, delta: object, finishReason: string | null) =>
    dataEvent({
      ...head,
      object: 'chat.completion.chunk',
      choices: [{ index, delta, logprobs: null, finish_reason: finishReason }],
      ...usageField,
    })
  const events = Array.from({ length: choices }, (_, index) => [
    chunk(index, firstDelta(answer), null),
    ...answer.tokens.map((token) => chunk(index, nextDelta(answer, token), null)),
    chunk(index, {}, finish),
  ]).flat()
  if (usage !== null) {
    events.push(dataEvent({ ...head, object: 'chat.completion.chunk', choices: [], usage }))
  }
  return [...events, 'data: [DONE]\n\n']
}

function firstDelta(answer: Answer): object {
  if (answer.tool === null) return { role: 'assistant', content: '', refusal: null }
  const call = { index: 0, ...toolCall({ ...answer, tokens: [] }) }
  return { role: 'assistant', content: null, tool_calls: [call] }
}

function nextDelta(answer: Answer, token: string): object {
  if (answer.tool === null) return { content: token }
  return { tool_calls: [{ index: 0, function: { arguments: token } }] }
}
