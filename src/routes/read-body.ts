/** Reads a request's body up to a limit, hashing as it comes. Property S3. */
import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { refusal } from '../errors.ts'
import type { BodyOutcome } from '../request/exchange.ts'

/** Refuses `request_too_large` as soon as the limit is passed, or announced to be. The rest is not kept. */
export function readBody(incoming: IncomingMessage, bytesMax: number): Promise<BodyOutcome> {
  const announced = Number(incoming.headers['content-length'] ?? 0)
  if (announced > bytesMax) return Promise.resolve(tooLarge(bytesMax))
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

function tooLarge(bytesMax: number): BodyOutcome {
  const message = `The body is larger than ${bytesMax} bytes.`
  return { kind: 'refused', refusal: refusal('request_too_large', message) }
}
