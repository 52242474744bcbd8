/** Answers of providers in each format, streamed and not, as their references show them. */
import type { Dice } from '../dice.ts'
import { inputOf, NOTHING, type Usage } from '../oracle/reckoning.ts'
import type { FormatName } from './ask.ts'
import type { Piece } from './pieces.ts'

/** How an answer tells its usage. */
export type Telling = 'once' | 'never' | 'twice' | 'no_end' | 'error'

export interface Answer {
  readonly format: FormatName
  readonly id: string
  readonly model: string
  readonly texts: readonly string[]
  readonly usage: Usage
  readonly telling: Telling
  readonly lineEnd: '\n' | '\r\n'
}

/** The usage object of a format, as raw JSON. */
export function usageObject(format: FormatName, usage: Usage): Record<string, unknown> {
  const { cached, written, output } = usage
  const input = inputOf(usage)
  const details = { cached_tokens: cached, cache_write_tokens: written }
  switch (format) {
    case 'openai-chat':
      return {
        prompt_tokens: input,
        completion_tokens: output,
        total_tokens: input + output,
        prompt_tokens_details: details,
        completion_tokens_details: { reasoning_tokens: Math.floor(output / 2) },
      }
    case 'openai-responses':
      return {
        input_tokens: input,
        output_tokens: output,
        total_tokens: input + output,
        input_tokens_details: details,
        output_tokens_details: { reasoning_tokens: Math.floor(output / 3) },
      }
    case 'openai-embeddings':
      return { prompt_tokens: input, total_tokens: input }
    case 'anthropic-messages':
      return { ...anthropicInput(usage), output_tokens: output }
  }
}

function anthropicInput({ input, cached, written, writtenHour }: Usage): object {
  return {
    input_tokens: input,
    cache_read_input_tokens: cached,
    cache_creation_input_tokens: written + writtenHour,
    cache_creation: {
      ephemeral_5m_input_tokens: written,
      ephemeral_1h_input_tokens: writtenHour,
    },
  }
}

/** A body that is not a stream: one piece. */
export function wholeBody(answer: Answer): Piece[] {
  const { format, id, model, texts, usage, telling } = answer
  const text = texts.join('')
  const told = telling === 'never' ? {} : { usage: usageObject(format, usage) }
  const bodies: Readonly<Record<FormatName, object>> = {
    'openai-chat': {
      object: 'chat.completion',
      choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }],
    },
    'openai-responses': {
      object: 'response',
      output: [{ type: 'message', role: 'assistant', content: [{ type: 'output_text', text }] }],
    },
    'openai-embeddings': {
      object: 'list',
      data: [{ object: 'embedding', index: 0, embedding: [0.5] }],
    },
    'anthropic-messages': {
      type: 'message',
      role: 'assistant',
      content: [{ type: 'text', text }],
      stop_reason: 'end_turn',
    },
  }
  const bytes = Buffer.from(JSON.stringify({ id, model, ...bodies[format], ...told }))
  const content = format === 'openai-embeddings' ? 0 : Buffer.byteLength(text)
  const piece = { bytes, content, end: 'completed' as const }
  return [telling === 'never' ? piece : { ...piece, usage }]
}

/** The events of a stream. */
export function streamOf(answer: Answer, dice: Dice): Piece[] {
  switch (answer.format) {
    case 'openai-chat':
      return chatStream(answer, dice)
    case 'openai-responses':
      return responsesStream(answer, dice)
    case 'anthropic-messages':
      return messagesStream(answer)
    case 'openai-embeddings':
      throw new Error('embeddings do not stream')
  }
}

function event({ lineEnd }: Answer, data: object | string, name?: string): Buffer {
  const text = typeof data === 'string' ? data : JSON.stringify(data)
  const named = name === undefined ? '' : `event: ${name}${lineEnd}`
  return Buffer.from(`${named}data: ${text}${lineEnd}${lineEnd}`)
}

/** Less than the whole: what a provider says before its last word. */
function partOf(usage: Usage): Usage {
  return { ...usage, output: Math.floor(usage.output / 2) }
}

function chatStream(answer: Answer, dice: Dice): Piece[] {
  const { id, model, texts, usage, telling, format } = answer
  const head = { id, object: 'chat.completion.chunk', model }
  const chunk = (choices: object[], told: object | null = null) =>
    event(answer, { ...head, choices, usage: told })
  const pieces: Piece[] = texts.map((content) => ({
    bytes: chunk([{ index: 0, delta: { content }, finish_reason: null }]),
    content: Buffer.byteLength(content),
  }))
  if (telling === 'error') {
    const error = { error: { message: 'overloaded', type: 'server_error' } }
    return [...pieces, { bytes: event(answer, error), end: 'failed' }]
  }
  const finish = [{ index: 0, delta: {}, finish_reason: 'stop' }]
  const withChoices = telling !== 'never' && dice.percent(20)
  const told = (some: Usage, choices: object[] = []): Piece => ({
    bytes: chunk(choices, usageObject(format, some)),
    usage: some,
    ...(choices.length > 0 ? { finished: true } : {}),
  })
  if (withChoices) pieces.push(told(usage, finish))
  else pieces.push({ bytes: chunk(finish), finished: true })
  if (telling === 'twice') pieces.push(told(partOf(usage)))
  if (telling !== 'never' && !withChoices) pieces.push(told(usage))
  if (telling === 'twice' && withChoices) pieces.push(told(usage))
  if (telling !== 'no_end') pieces.push({ bytes: event(answer, '[DONE]'), end: 'completed' })
  return pieces
}

function responsesStream(answer: Answer, dice: Dice): Piece[] {
  const { id, model, texts, usage, telling, format } = answer
  const say = (type: string, rest: object): Buffer => event(answer, { type, ...rest }, type)
  const pieces: Piece[] = [
    { bytes: say('response.created', { response: { id, model, usage: null } }) },
    ...texts.map((delta) => ({
      bytes: say('response.output_text.delta', { delta }),
      content: Buffer.byteLength(delta),
    })),
  ]
  if (telling === 'error') {
    const failed = dice.percent(50)
    if (!failed) return [...pieces, { bytes: say('error', { message: 'broken' }), end: 'failed' }]
    const response = { id, model, usage: usageObject(format, usage) }
    return [...pieces, { bytes: say('response.failed', { response }), usage, end: 'failed' }]
  }
  if (telling === 'no_end') return pieces
  const told = telling === 'never' ? {} : { usage: usageObject(format, usage) }
  const type = dice.pick(['response.completed', 'response.incomplete'])
  const last = { bytes: say(type, { response: { id, model, ...told } }), end: 'completed' as const }
  return [...pieces, telling === 'never' ? last : { ...last, usage }]
}

function messagesStream(answer: Answer): Piece[] {
  const { id, model, texts, usage, telling } = answer
  const say = (type: string, rest: object): Buffer => event(answer, { type, ...rest }, type)
  const input = { ...usage, output: 0 }
  const start = {
    id,
    model,
    type: 'message',
    role: 'assistant',
    content: [],
    usage: { ...anthropicInput(usage), output_tokens: 1 },
  }
  const pieces: Piece[] = [
    { bytes: say('message_start', { message: start }), input },
    { bytes: say('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }) },
    ...texts.map((text) => ({
      bytes: say('content_block_delta', { index: 0, delta: { type: 'text_delta', text } }),
      content: Buffer.byteLength(text),
    })),
    { bytes: say('content_block_stop', { index: 0 }) },
  ]
  if (telling === 'error') {
    const error = { type: 'overloaded_error', message: 'Overloaded' }
    return [...pieces, { bytes: say('error', { error }), end: 'failed' }]
  }
  const told = (some: Usage): Piece => {
    const counts = { output_tokens: some.output, input_tokens: null }
    const delta = { stop_reason: 'end_turn' }
    return { bytes: say('message_delta', { delta, usage: counts }), usage: some }
  }
  if (telling === 'twice') pieces.push(told(partOf(usage)))
  if (telling !== 'never') pieces.push(told(usage))
  else pieces.push({ bytes: say('message_delta', { delta: { stop_reason: 'end_turn' } }) })
  if (telling === 'no_end') return pieces
  return [...pieces, { bytes: say('message_stop', {}), end: 'completed' }]
}

/** A usage within the bounds of a call, or far beyond them. */
export function drawUsage(
  dice: Dice,
  bounds: { readonly input: number; readonly output: number; readonly classes: readonly string[] },
): Usage {
  const absurd = dice.percent(4)
  const inputMost = absurd ? 90_000_000 : Math.max(1, bounds.input)
  const total = 1 + dice.small(inputMost - 1)
  const cached = dice.percent(50) ? dice.whole(0, total) : 0
  const writes = bounds.classes.includes('written') && dice.percent(50)
  const written = writes ? dice.whole(0, total - cached) : 0
  const writesHour = bounds.classes.includes('writtenHour') && dice.percent(50)
  const writtenHour = writesHour ? dice.whole(0, total - cached - written) : 0
  const output = bounds.output === 0 ? 0 : dice.whole(1, absurd ? 90_000_000 : bounds.output)
  const input = total - cached - written - writtenHour
  return { ...NOTHING, input, cached, written, writtenHour, output }
}
