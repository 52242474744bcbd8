/** What must hold at the instant a call reaches its provider, is refused, or ends: money first, identity always. */
import type { UpstreamRequest } from '../../../src/providers/provider.ts'
import type { SimulatedCall } from '../calls/call.ts'
import { worstCase } from './reckoning.ts'
import type { Rows } from './rows.ts'
import { must } from './violation.ts'

const CAP_NAMES = ['max_tokens', 'max_completion_tokens', 'max_output_tokens']

export class Arrivals {
  readonly #rows: () => Rows
  /** Who spent a nonce on a hold. */
  readonly #nonces = new Map<string, string>()

  constructor(rows: () => Rows) {
    this.#rows = rows
  }

  /** The provider is about to see the first byte. */
  arrived(call: SimulatedCall, { body }: UpstreamRequest): void {
    const { requestId, ask, model, provider } = call
    const rows = this.#rows()
    const hold = rows.hold(requestId)
    must(!provider.asked, 'M8', () => `the provider of ${requestId} is asked twice`)
    provider.asked = true
    // A clock that is set forward ends the lease of a hold that is being written: it is swept with the same commit.
    const isSwept = call.disturbances.has('clock') && rows.chargeOf(requestId) !== undefined
    if (hold === undefined && isSwept) return
    must(hold !== undefined, 'L3', () => `${requestId} goes upstream and nothing is held`)
    if (hold === undefined) return
    const sent = JSON.parse(Buffer.from(body).toString()) as Record<string, unknown>
    const caps = CAP_NAMES.flatMap((name) => (typeof sent[name] === 'number' ? [sent[name]] : []))
    const cap = caps.length === 0 ? 0 : Math.max(...caps)
    const isCapped = caps.length === 1 || ask.format === 'openai-embeddings'
    must(isCapped, 'M5', () => `${requestId} goes upstream with ${caps.length} caps`)
    must(
      ask.cap === null || ask.cap === cap,
      'M5',
      () => `${requestId} asked for ${ask.cap}, sent ${cap}`,
    )
    const bounds = { input: ask.body.length, output: cap * ask.choices, classes: ask.classes }
    const worst = worstCase(model, bounds)
    must(hold.amount >= worst, 'M5', () => `${requestId} holds ${hold.amount}, can cost ${worst}`)
    provider.held = hold.amount
    provider.cap = cap
    this.held(call, hold.auth_json)
  }

  /** A nonce is spent once, and a session that ended holds nothing. */
  held(call: SimulatedCall, authJson: string): void {
    must(!call.forged, 'A1', () => `${call.requestId} was forged and holds money`)
    must(!call.ended, 'A3', () => `${call.requestId} holds by a session that had ended`)
    const auth = JSON.parse(authJson) as { nonce?: string; session?: string }
    if (auth.nonce === undefined) return
    const key = `${call.agent} ${auth.nonce}`
    const owner = this.#nonces.get(key) ?? call.requestId
    this.#nonces.set(key, owner)
    must(owner === call.requestId, 'A2', () => `${call.requestId} holds with the nonce of ${owner}`)
  }

  /** Nobody who has the funds is asked for payment. */
  refused(call: SimulatedCall, payment: { required: bigint; available: bigint } | null): void {
    if (call.client.code !== 'insufficient_balance' || payment === null) return
    const books = this.#rows()
      .agents()
      .find(({ pubkey }) => pubkey === call.agent)
    const owes = (books?.owed ?? 0n) > 0n
    must(owes || payment.available < payment.required, 'L2', () => {
      return `${call.requestId} needs ${payment.required}, has ${payment.available} and is asked for payment`
    })
  }
}
