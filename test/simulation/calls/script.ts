/** What a provider will do with one call, drawn before it is asked. */
import type { Dice } from '../dice.ts'
import type { Bounds, Usage } from '../oracle/reckoning.ts'
import { drawUsage, streamOf, type Telling, wholeBody } from './answers.ts'
import { type Ask, words } from './ask.ts'
import type { Piece } from './pieces.ts'

export type Script =
  /** No answer: the connection fails before or after the request was sent, or nothing ever comes. */
  | {
      readonly kind: 'no_answer'
      readonly how: 'refused' | 'reset' | 'silent'
      readonly afterMs: number
    }
  | { readonly kind: 'status'; readonly status: number; readonly afterMs: number }
  | {
      readonly kind: 'answers'
      readonly contentType: string
      readonly pieces: readonly Piece[]
      readonly usage: Usage
      /** How many bytes come before the end, and what that is. */
      readonly bytes: number
      readonly end: 'ended' | 'broken' | 'stalled'
      readonly afterMs: number
      /** The sizes of what is sent at a time, used again and again, and the pauses between. */
      readonly chunkBytes: readonly number[]
      readonly pausesMs: readonly number[]
    }

const STATUSES = [400, 401, 403, 404, 413, 422, 429, 500, 503, 529]

export function newScript(dice: Dice, ask: Ask, bounds: Bounds, serial: number): Script {
  const afterMs = dice.small(3_000)
  const kind = dice.weighed([
    [85, 'answers'],
    [7, 'status'],
    [5, 'no_answer'],
  ])
  if (kind === 'no_answer') {
    return { kind, how: dice.pick(['refused', 'reset', 'silent']), afterMs }
  }
  if (kind === 'status') return { kind, status: dice.pick(STATUSES), afterMs }
  return answering(dice, ask, bounds, { serial, afterMs })
}

function answering(
  dice: Dice,
  ask: Ask,
  bounds: Bounds,
  { serial, afterMs }: { readonly serial: number; readonly afterMs: number },
): Script {
  const usage = drawUsage(dice, bounds)
  const telling = dice.weighed<Telling>([
    [12, 'once'],
    [1, 'never'],
    [1, 'twice'],
    [1, 'no_end'],
    [1, 'error'],
  ])
  const answer = {
    format: ask.format,
    id: `up-${serial}`,
    model: ask.model,
    texts: Array.from({ length: 1 + dice.small(8) }, () => words(dice, 6)),
    usage,
    telling,
    lineEnd: dice.pick(['\n', '\r\n'] as const),
  }
  const streams = ask.stream && dice.percent(97)
  const pieces = streams ? streamOf(answer, dice) : wholeBody(answer)
  const whole = pieces.reduce((sum, { bytes }) => sum + bytes.length, 0)
  const end = dice.weighed<'ended' | 'broken' | 'stalled'>([
    [12, 'ended'],
    [1, 'broken'],
    [1, 'stalled'],
  ])
  const bytes = end === 'ended' ? whole : dice.whole(0, whole)
  const most = dice.pick([1, 7, 60, 1_000].filter((size) => whole / size < 60))
  return {
    kind: 'answers',
    contentType: streams ? 'text/event-stream; charset=utf-8' : 'application/json',
    pieces,
    usage,
    bytes,
    end,
    afterMs,
    chunkBytes: Array.from({ length: 5 }, () => dice.whole(1, most)),
    pausesMs: Array.from({ length: 5 }, () => dice.pick([0, 0, 1, 40, 400, 1_500])),
  }
}
