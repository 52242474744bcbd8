/** Usage as providers state it when something is wrong with them: absent, odd, or where nobody looks for it. */
import { isObject } from '../json-values.ts'
import * as anthropic from './anthropic-messages.ts'
import { anthropicMessages } from './anthropic-messages.ts'
import { chatChunk, chatUsageChunk, DONE, openAiChat } from './openai-chat.ts'
import { openAiResponses, opening, terminal } from './openai-responses.ts'
import type { StreamEvent, TokenCounts, WireFormat } from './wire-format.ts'

/** Usage objects that say nothing that can be believed. */
export function oddUsages(wire: WireFormat, counts: TokenCounts): readonly [string, unknown][] {
  const good = wire.usage(counts)
  return [
    ['missing', undefined],
    ['null', null],
    ['an empty object', {}],
    ['a list', [1, 2]],
    ['a text', '19 tokens'],
    ['counts that are zero', withNumbers(good, 0)],
    ['counts that are negative', withNumbers(good, -5)],
    ['counts that are huge', withNumbers(good, 1e15)],
    ['counts that are fractions', withNumbers(good, 1.5)],
    ['counts that are texts', withNumbers(good, '12')],
    ['counts that are null', withNumbers(good, null)],
    ['counts that are objects', withNumbers(good, { tokens: 5 })],
  ]
}

function withNumbers(value: unknown, instead: unknown): unknown {
  if (typeof value === 'number') return instead
  if (!isObject(value)) return value
  const members = Object.entries(value)
  return Object.fromEntries(members.map(([name, member]) => [name, withNumbers(member, instead)]))
}

interface OddStream {
  readonly name: string
  readonly events: readonly StreamEvent[]
  /** Whether the counts are stated so that there is no doubt about them. */
  readonly isClear: boolean
}

type StreamsOf = (pieces: readonly string[], counts: TokenCounts) => readonly OddStream[]

/** Streams whose usage stands elsewhere than it should, stands there twice, or comes with a failure. */
export const ODD_STREAMS: ReadonlyMap<WireFormat, StreamsOf> = new Map<WireFormat, StreamsOf>([
  [openAiChat, oddChats],
  [openAiResponses, oddResponses],
  [anthropicMessages, oddMessages],
])

function oddChats(pieces: readonly string[], counts: TokenCounts): OddStream[] {
  const usage = openAiChat.usage(counts)
  const partial = openAiChat.usage({ ...counts, output: 1, reasoning: 0 })
  const texts = pieces.map((content) => chatChunk({ content }, null))
  const stop = chatChunk({}, 'stop')
  const stated = chatUsageChunk(usage)
  return [
    odd('with the finish reason', true, [...texts, chatChunk({}, 'stop', usage), DONE]),
    odd('with the last text', true, [
      ...texts,
      chatChunk({ content: '.' }, null, usage),
      stop,
      DONE,
    ]),
    odd('before the finish reason', true, [...texts, stated, stop, DONE]),
    odd('twice', true, [...texts, stop, stated, stated, DONE]),
    odd('first in part, then whole', true, [...texts, chatUsageChunk(partial), stop, stated, DONE]),
    odd('after [DONE]', false, [...texts, stop, DONE, stated]),
    odd('no [DONE]', true, [...texts, stop, stated]),
    odd('neither usage nor an end', false, texts),
    odd('an error instead of the end', false, [...texts, openAiChat.failure()]),
    odd('an error after it', true, [...texts, stated, openAiChat.failure()]),
    odd('on an event that is no JSON', false, [...texts, { name: null, data: '{"usage":' }, DONE]),
  ]
}

function oddResponses(pieces: readonly string[], counts: TokenCounts): OddStream[] {
  const begun = opening(pieces)
  const answer = { pieces, usage: openAiResponses.usage(counts) }
  return [
    odd('only in response.incomplete', true, [...begun, terminal('incomplete', answer)]),
    odd('only in response.failed', true, [...begun, terminal('failed', answer)]),
    odd('twice', true, [...begun, terminal('completed', answer), terminal('completed', answer)]),
    odd('an error instead of the end', false, [...begun, openAiResponses.failure()]),
    odd('neither usage nor an end', false, begun),
  ]
}

function oddMessages(pieces: readonly string[], counts: TokenCounts): OddStream[] {
  const usage = anthropicMessages.usage(counts)
  const begun = anthropic.opening(pieces, { ...usage, output_tokens: 1 })
  const final = anthropic.delta({ output_tokens: counts.output })
  const { STOP } = anthropic
  return [
    odd('all of it in the last delta', true, [
      ...anthropic.opening(pieces, undefined),
      anthropic.delta(usage),
      STOP,
    ]),
    odd('the delta twice', true, [...begun, final, final, STOP]),
    odd('no delta', false, [...begun, STOP]),
    odd('after message_stop', false, [...begun, STOP, final]),
    odd('an error instead of the end', false, [...begun, anthropicMessages.failure()]),
    odd('an error after it', true, [...begun, final, anthropicMessages.failure()]),
    odd('neither usage nor an end', false, anthropic.opening(pieces, undefined)),
  ]
}

function odd(name: string, isClear: boolean, events: readonly StreamEvent[]): OddStream {
  return { name, isClear, events }
}
