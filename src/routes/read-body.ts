/** Reads a request's body up to a limit, hashing as it comes. Property S3. */
import { createHash, type Hash, hash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { refusal } from '../errors.ts'
import type { BodyOutcome } from '../request/exchange.ts'
import { Pieces } from '../request/pieces.ts'
import type { BodyRoom } from './body-room.ts'

/** How much of a body that is too large is read and dropped: a sender that is cut off never reads the answer. */
const DROPPED_BYTES_MAX = 134_217_728
/** A sender that pauses for so long is waiting for the answer. */
const DROPPING_IDLE_MS = 250
/** How long a connection stays open for a body that nobody waits for. */
const UNREAD_MS = 500
/** Told where there is no room: a body of the largest size comes in within it. */
const NO_ROOM_RETRY_SECONDS = 2

/** How much is kept of one body, in bytes, and of all that are coming in. */
export interface BodyLimits {
  readonly bytesMax: number
  readonly room: BodyRoom
}

/**
 * Refuses `request_too_large` when the limit is passed, or announced to be, and `overloaded` when there is no room for
 * it beside the others. The rest is dropped, within bounds.
 */
export async function readBody(
  incoming: IncomingMessage,
  limits: BodyLimits,
): Promise<BodyOutcome> {
  const announced = Number(incoming.headers['content-length'] ?? 0)
  const outcome =
    announced > limits.bytesMax ? tooLarge(limits.bytesMax) : await keepBody(incoming, limits)
  if (outcome.kind === 'refused') await dropRest(incoming)
  return outcome
}

function keepBody(incoming: IncomingMessage, { bytesMax, room }: BodyLimits): Promise<BodyOutcome> {
  const pieces = new Pieces()
  /** Begun with the second piece: most bodies have one, which is hashed faster whole. */
  let sha256: Hash | null = null
  return new Promise((resolve) => {
    const place = room.enter(() => settle(noRoom()))
    function settle(outcome: BodyOutcome): void {
      incoming.off('data', onData).off('end', onEnd).off('close', onCut).off('error', onCut)
      place.leave()
      resolve(outcome)
    }
    function onData(chunk: Uint8Array): void {
      if (pieces.size + chunk.length > bytesMax) {
        settle(tooLarge(bytesMax))
      } else if (place.take(chunk.length)) {
        if (sha256 !== null) sha256.update(chunk)
        else if (pieces.size > 0) {
          sha256 = createHash('sha256').update(pieces.whole()).update(chunk)
        }
        pieces.add(chunk)
      } else {
        settle(noRoom())
      }
    }
    function onEnd(): void {
      const bytes = pieces.whole()
      settle({ kind: 'read', bytes, sha256: sha256?.digest() ?? hash('sha256', bytes, 'buffer') })
    }
    function onCut(): void {
      const message = 'The body ended before it was complete.'
      settle({ kind: 'refused', refusal: refusal('invalid_request', message) })
    }
    incoming.on('data', onData).on('end', onEnd).on('close', onCut).on('error', onCut)
  })
}

async function dropRest(incoming: IncomingMessage): Promise<void> {
  if (incoming.complete || incoming.destroyed) return
  let dropped = 0
  await new Promise<void>((resolve) => {
    const timer = setTimeout(done, DROPPING_IDLE_MS)
    function done(): void {
      clearTimeout(timer)
      incoming.off('data', onData).off('end', done).off('close', done).off('error', done)
      incoming.pause()
      resolve()
    }
    function onData(chunk: Uint8Array): void {
      dropped += chunk.length
      timer.refresh()
      if (dropped > DROPPED_BYTES_MAX) done()
    }
    incoming.on('data', onData).on('end', done).on('close', done).on('error', done)
  })
}

/** After an answer that did not wait for the whole body: its sender may read the answer, and is cut off then. */
export function closeUnread(incoming: IncomingMessage): void {
  if (incoming.complete || incoming.destroyed) return
  setTimeout(() => {
    if (!incoming.complete) incoming.socket.destroySoon()
  }, UNREAD_MS).unref()
}

function tooLarge(bytesMax: number): BodyOutcome {
  const message = `The body is larger than ${bytesMax} bytes.`
  return { kind: 'refused', refusal: refusal('request_too_large', message) }
}

function noRoom(): BodyOutcome {
  const message = 'Too many large bodies are coming in at once.'
  const retryAfterSeconds = NO_ROOM_RETRY_SECONDS
  return { kind: 'refused', refusal: { code: 'overloaded', message, retryAfterSeconds } }
}
