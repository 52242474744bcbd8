/** Asks a gateway that is not trusted: bounded in time and size, and whatever comes is a value. */
import type { Answered } from '../../proof/evidence.ts'
import { Level5Error } from '../level5-error.ts'
import type { Fetch } from '../signing-fetch.ts'

/** Asks for JSON at a target (path and query) of the gateway. */
export type Ask = (target: string) => Promise<Answered>

/** A page of 500 receipts has less than one. */
const ANSWER_BYTES_MAX = 16_777_216
const ANSWER_MS_MAX = 30_000

/**
 * Asks `origin` through `fetch`. Everything but JSON with a success is `unanswered`, with the reason; so is a gateway
 * that is away. Throws only what the agent's own side refuses.
 */
export function createAsk(origin: string, fetch: Fetch): Ask {
  return async (target) => {
    const named = `GET ${target}`
    try {
      const signal = AbortSignal.timeout(ANSWER_MS_MAX)
      const response = await fetch(new URL(target, origin), { signal, redirect: 'error' })
      const text = await boundedText(response)
      if (text === null) return unanswered(named, `more than ${ANSWER_BYTES_MAX} bytes`)
      if (!response.ok) return unanswered(named, `the gateway answered ${response.status}`)
      return { kind: 'answered', target: named, body: JSON.parse(text) as unknown }
    } catch (error) {
      if (error instanceof Level5Error) throw error
      if (error instanceof SyntaxError) return unanswered(named, 'the answer is not JSON')
      return unanswered(named, `no answer: ${reason(error)}`)
    }
  }
}

/** Asks for many, a few at a time, in order. */
export async function askAll(ask: Ask, targets: readonly string[]): Promise<Answered[]> {
  const answers: Answered[] = []
  for (let start = 0; start < targets.length; start += PARALLEL) {
    answers.push(...(await Promise.all(targets.slice(start, start + PARALLEL).map(ask))))
  }
  return answers
}

const PARALLEL = 8

/** The body as text; null where it is too long, of which no more is read. */
async function boundedText(response: Response): Promise<string | null> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength
    if (size > ANSWER_BYTES_MAX) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function unanswered(target: string, problem: string): Answered {
  return { kind: 'unanswered', target, problem }
}

function reason(error: unknown): string {
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return inner instanceof Error ? inner.message : String(inner)
}
