/** A call whose answer may break off at any byte. */
import { vi } from 'vitest'
import { freshNonce, type TestAgent } from './agent.ts'

/** A signed request that can be sent again as it is. */
export interface SignedCall {
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
}

export interface LiveAnswer {
  /** Null: no answer has begun. */
  status(): number | null
  text(): string
  /** Resolves when this has arrived. */
  has(text: string): Promise<void>
  /** Closes the connection. */
  leave(): void
  /** Resolves when nothing more can come: true when the answer came whole. */
  readonly ended: Promise<boolean>
}

const TARGET = '/v1/chat/completions'

/** Clocks may differ by 60 s: issued ahead of time, the call stays acceptable for as long as a test can need it. */
const AHEAD_MS = 50_000

export function signCall(agent: TestAgent, body: string): SignedCall {
  const issuedAt = new Date(Date.now() + AHEAD_MS).toISOString()
  const headers = agent.sign(TARGET, { method: 'POST', body, nonce: freshNonce(), issuedAt })
  return { body, headers }
}

/** Sends the call to the gateway at `url`. */
export function send(url: unknown, { body, headers }: SignedCall): LiveAnswer {
  const leaving = new AbortController()
  let status: number | null = null
  let text = ''
  async function read(): Promise<boolean> {
    const { signal } = leaving
    try {
      const response = await fetch(`${url}${TARGET}`, { method: 'POST', body, headers, signal })
      status = response.status
      const decoder = new TextDecoder()
      for await (const chunk of response.body ?? []) text += decoder.decode(chunk, { stream: true })
      return true
    } catch {
      return false
    }
  }
  return {
    status: () => status,
    text: () => text,
    has: async (part) => {
      await vi.waitUntil(() => text.includes(part), { timeout: 30_000, interval: 10 })
    },
    leave: () => leaving.abort(),
    ended: read(),
  }
}
