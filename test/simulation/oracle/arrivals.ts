/** What must hold at the instant a call reaches its provider, is refused, or ends: money first, identity always. */
import type { UpstreamRequest } from '../../../src/providers/provider.ts'
import type { SimulatedCall } from '../calls/call.ts'
import { DELAY_SECONDS, SETTLE_MARGIN_SECONDS, TIMEOUTS } from '../gateway/terms.ts'
import { worstCase } from './reckoning.ts'
import type { Rows } from './rows.ts'
import { must } from './violation.ts'

const CAP_NAMES = ['max_tokens', 'max_completion_tokens', 'max_output_tokens']
/** How far a request's time may be from the gateway's clock. */
const SIGNED_WITHIN_MS = 60_000
/** Refusals that come before the nonce is spent, or because it cannot be. */
const UNSPENT = [
  'missing_credentials',
  'invalid_signature',
  'stale_request',
  'replayed_nonce',
  'overloaded',
  'ledger_unavailable',
]

interface Auth {
  readonly nonce?: string
  readonly issued_at?: string
  readonly price_version?: string
}

export class Arrivals {
  readonly #rows: () => Rows
  /** Who spent a nonce on a hold. */
  readonly #nonces = new Map<string, string>()
  /** Whose nonce a process has seen, whatever it answered. */
  readonly #seen = new Map<string, string>()
  readonly #clockIsRight: () => boolean

  /** `clockIsRight`: no clock was ever set. */
  constructor(rows: () => Rows, clockIsRight: () => boolean) {
    this.#rows = rows
    this.#clockIsRight = clockIsRight
  }

  /** The provider is about to see the first byte. */
  arrived(call: SimulatedCall, { body, timeouts }: UpstreamRequest): void {
    const { requestId, ask, model, provider } = call
    const rows = this.#rows()
    const hold = rows.hold(requestId)
    must(!provider.asked, 'M8', () => `the provider of ${requestId} is asked twice`)
    provider.asked = true
    isBounded(requestId, timeouts)
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
    const auth = JSON.parse(authJson) as Auth
    const agreed = auth.price_version ?? call.priceVersion
    must(
      agreed === call.priceVersion,
      'M7',
      () => `${call.requestId} holds at prices that its agent has not agreed to`,
    )
    if (auth.nonce === undefined) return
    const farOffMs = Math.abs(Date.parse(auth.issued_at ?? '') - call.clockAt)
    must(
      farOffMs <= SIGNED_WITHIN_MS,
      'A1',
      () => `${call.requestId} was signed ${farOffMs} ms off and holds money`,
    )
    this.#verified(call)
    const key = `${call.agent} ${auth.nonce}`
    const owner = this.#nonces.get(key) ?? call.requestId
    this.#nonces.set(key, owner)
    must(owner === call.requestId, 'A2', () => `${call.requestId} holds with the nonce of ${owner}`)
  }

  /** A process answers a verified nonce once, whatever it answers: what is remembered in memory dies with it. */
  #verified({ requestId, agent, nonce, life, forged }: SimulatedCall): void {
    if (nonce === null || forged || !this.#clockIsRight()) return
    const name = `${life} ${agent} ${nonce}`
    const owner = this.#seen.get(name) ?? requestId
    this.#seen.set(name, owner)
    must(owner === requestId, 'A2', () => `${requestId} is answered with the nonce of ${owner}`)
  }

  /** Nobody who has the funds is asked for payment. */
  refused(call: SimulatedCall, payment: { required: bigint; available: bigint } | null): void {
    const { code } = call.client
    if (code !== null && !UNSPENT.includes(code)) this.#verified(call)
    if (code !== 'insufficient_balance' || payment === null) return
    const books = this.#rows()
      .agents()
      .find(({ pubkey }) => pubkey === call.agent)
    const owes = (books?.owed ?? 0n) > 0n
    must(owes || payment.available < payment.required, 'L2', () => {
      return `${call.requestId} needs ${payment.required}, has ${payment.available} and is asked for payment`
    })
  }
}

/** No call outlives its timeouts, nor the time that its vault's delay leaves for it. */
function isBounded(requestId: string, timeouts: UpstreamRequest['timeouts']): void {
  const { headersMs, idleMs, totalMs } = timeouts
  const isStated = headersMs <= TIMEOUTS.headersMs && idleMs <= TIMEOUTS.idleMs
  must(isStated, 'M8', () => `${requestId} may stay silent for ${headersMs} and ${idleMs} ms`)
  const most = Math.min(TIMEOUTS.totalMs, (DELAY_SECONDS - SETTLE_MARGIN_SECONDS) * 1_000)
  must(totalMs <= most, 'C8', () => `${requestId} may last ${totalMs} ms, its vault waits ${most}`)
}
