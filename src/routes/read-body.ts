/** Reads a request's body up to a limit, hashing as it comes. Property S3. */
import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { refusal } from '../errors.ts'
import type { BodyOutcome } from '../request/exchange.ts'

/** How much of a body that is too large is read and dropped: a sender that is cut off never reads the answer. */
const DROPPED_BYTES_MAX = 134_217_728
/** A sender that pauses for so long is waiting for the answer. */
const DROPPING_IDLE_MS = 250

/** Refuses `request_too_large` when the limit is passed, or announced to be. The rest is dropped, within bounds. */
export async function readBody(incoming: IncomingMessage, bytesMax: number): Promise<BodyOutcome> {
  const announced = Number(incoming.headers['content-length'] ?? 0)
  const outcome = announced > bytesMax ? tooLarge(bytesMax) : await keepBody(incoming, bytesMax)
  if (outcome.kind === 'refused') await dropRest(incoming)
  return outcome
}

function keepBody(incoming: IncomingMessage, bytesMax: number): Promise<BodyOutcome> {
  const sha256 = createHash('sha256')
  const chunks: Uint8Array[] = []
  let size = 0
  return new Promise((resolve) => {
    function settle(outcome: BodyOutcome): void {
      incoming.off('data', onData).off('end', onEnd).off('close', onCut).off('error', onCut)
      resolve(outcome)
    }
    function onData(chunk: Uint8Array): void {
      size += chunk.length
      if (size > bytesMax) {
        settle(tooLarge(bytesMax))
        return
      }
      sha256.update(chunk)
      chunks.push(chunk)
    }
    function onEnd(): void {
      settle({ kind: 'read', bytes: Buffer.concat(chunks, size), sha256: sha256.digest() })
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

function tooLarge(bytesMax: number): BodyOutcome {
  const message = `The body is larger than ${bytesMax} bytes.`
  return { kind: 'refused', refusal: refusal('request_too_large', message) }
}
