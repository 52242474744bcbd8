/** What a ledger should remember of idempotency keys, said as plainly as possible. */
import { KEY_KEPT_MS, type KeptAnswer } from '../../../src/ledger/idempotency-ledger.ts'

/** What a call asks for under a key: of the same key, `a` and `b` are two requests. */
export interface ModelKeyed {
  readonly key: string
  readonly asked: 'a' | 'b'
}

interface Taken {
  readonly asked: string
  readonly requestId: string
  charged: { readonly charge: bigint; readonly answer: KeptAnswer | null } | null
  forgetAt: number
}

export class ModelKeys {
  readonly #taken = new Map<string, Taken>()

  recall(agent: string, { key, asked }: ModelKeyed): unknown {
    const taken = this.#taken.get(`${agent} ${key}`)
    if (taken === undefined) return null
    if (taken.asked !== asked) return { kind: 'other_request' }
    const { requestId, charged } = taken
    return charged === null
      ? { kind: 'running', requestId }
      : { kind: 'charged', requestId, ...charged }
  }

  take(agent: string, { key, asked }: ModelKeyed, requestId: string): void {
    const forgetAt = Number.POSITIVE_INFINITY
    this.#taken.set(`${agent} ${key}`, { asked, requestId, charged: null, forgetAt })
  }

  charge(requestId: string, charge: bigint, answer: KeptAnswer | null, now: number): void {
    for (const taken of this.#taken.values()) {
      if (taken.requestId !== requestId) continue
      taken.charged = { charge, answer }
      taken.forgetAt = now + KEY_KEPT_MS
    }
  }

  free(requestId: string): void {
    for (const [name, taken] of this.#taken) {
      if (taken.requestId === requestId) this.#taken.delete(name)
    }
  }

  forget(now: number): void {
    for (const [name, { forgetAt }] of this.#taken) if (forgetAt <= now) this.#taken.delete(name)
  }
}
