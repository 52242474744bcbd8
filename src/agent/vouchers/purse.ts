/**
 * Signs vouchers, and only those that its owner's limit and the agent's own reckoning allow: the `spent` of the last
 * verified receipt, plus what calls in flight cost at most at signed prices, plus what open sessions may still spend.
 * Source: chain contract, "Voucher"; property C9.
 */
import { PublicKey } from '@solana/web3.js'
import { voucherBytes, voucherHeader } from '../../chain/voucher.ts'
import { parseUnits, type Units, units, ZERO } from '../../money.ts'
import type { Signer } from '../key.ts'
import { Level5Error } from '../level5-error.ts'
import type { Payment } from '../wire.ts'
import type { Flights } from './flights.ts'
import { untrusted } from './gateway-facts.ts'
import type { ReceiptBook } from './receipt-book.ts'
import type { SessionShelf } from './session-shelf.ts'

export interface PurseParts {
  readonly signer: Signer
  /** Base58, derived by the agent itself. */
  readonly vault: string
  /** The owner's: no voucher is for more, over the vault's whole life. */
  readonly limit: Units
  readonly book: ReceiptBook
  readonly flights: Flights
  readonly sessions: SessionShelf
  readonly now: () => number
}

export class Purse {
  readonly #parts: PurseParts
  /** The highest that was signed. */
  #signed: Units = ZERO
  #header: string | null = null

  constructor(parts: PurseParts) {
    this.#parts = parts
  }

  /** Most that may be signed for now, but for the limit; `extra` is asked for and not open yet. */
  #bound(extra: Units): Units {
    const { book, flights, sessions, now } = this.#parts
    const at = now()
    return units(book.last.spent + flights.worst(at) + sessions.reserved(at) + extra)
  }

  /**
   * The voucher that covers everything that is open and `extra`, signed anew where the last one does not reach; past the
   * limit the highest that was signed, or null. Throws `untrusted_answer`.
   */
  async covering(extra: Units = ZERO): Promise<string | null> {
    const { book, flights, limit } = this.#parts
    book.assertTrusted()
    if (this.#bound(extra) > this.#signed && flights.mayHaveLanded()) await this.refresh()
    const bound = this.#bound(extra)
    if (bound > this.#signed && bound <= limit) return await this.#sign(bound)
    return this.#header
  }

  /** Learns of every receipt so far; a call that ended before and is on none of them was not charged. */
  async refresh(): Promise<void> {
    const { book, flights } = this.#parts
    const ended = flights.ended()
    await book.sync()
    for (const nonce of ended) flights.drop(nonce)
  }

  /**
   * Answers `authorization_required`: signs for exactly what is asked where that is within bound and limit. Throws
   * `authorization_required`, saying which of the two refused, and `untrusted_answer`.
   */
  async answer(payment: Payment, extra: Units = ZERO): Promise<string> {
    const { vault, limit, book } = this.#parts
    const cumulative = parseUnits(payment.authorize?.cumulative)
    if (cumulative === null || payment.authorize?.vault !== vault) {
      throw untrusted(`the 402 asks for a voucher of ${payment.authorize?.vault}, not of ${vault}`)
    }
    if (cumulative <= this.#signed && this.#header !== null) return this.#header
    await this.refresh()
    const bound = this.#bound(extra)
    if (cumulative > bound) {
      const { seq, spent } = book.last
      const reckoned = `receipt ${seq} says ${spent} are spent, and what is open costs at most ${bound - spent}`
      throw refused(`the gateway asks for ${cumulative} units, but ${reckoned}`, payment)
    }
    if (cumulative > limit) {
      throw refused(`${cumulative} units are above the limit of ${limit} on vouchers`, payment)
    }
    return await this.#sign(cumulative)
  }

  async #sign(cumulative: Units): Promise<string> {
    const { signer, vault } = this.#parts
    const bytes = voucherBytes(new PublicKey(vault), cumulative)
    const signature = Buffer.from(await signer.sign(bytes)).toString('base64')
    const header = voucherHeader({ cumulative, expiresAt: 0n, signature })
    // A signer may take its time: only the highest of those that were signed meanwhile is kept.
    if (cumulative > this.#signed) {
      this.#signed = cumulative
      this.#header = header
    }
    return header
  }
}

function refused(why: string, payment: Payment): Level5Error {
  const advice = { status: 402, payment }
  return new Level5Error('authorization_required', `no voucher is signed: ${why}`, advice)
}
