/** Keeps the verified chain of receipts up to date: those that come with answers, and those that have to be asked for. */
import type { Units } from '../../money.ts'
import { type ReadReceipt, readReceipt } from '../../proof/read-receipt.ts'
import type { GatewayApi } from '../gateway-api.ts'
import { Level5Error } from '../level5-error.ts'
import type { ReceiptPage } from '../wire.ts'
import { chargeProblem } from './charge-bound.ts'
import { type GatewayFacts, untrusted } from './gateway-facts.ts'
import {
  type Charged,
  type Link,
  linkReceipt,
  NO_RECEIPTS,
  type OwnCall,
  type ReceiptParty,
} from './receipt-chain.ts'
import type { SessionShelf, ShownSession } from './session-shelf.ts'

export interface BookParts {
  readonly party: ReceiptParty
  /** Signs, and sends no vouchers. */
  readonly api: GatewayApi
  readonly facts: GatewayFacts
  readonly sessions: SessionShelf
  readonly ownCall: (nonce: string) => OwnCall | undefined
  /** A call's charge is part of `spent` from now on. */
  readonly onCharged: (nonce: string) => void
}

const PAGE = 500
/** Answers come this much out of order at most. */
const REMEMBERED_MAX = 1_000

export class ReceiptBook {
  readonly #parts: BookParts
  readonly #used = new Set<string>()
  /** Receipts that came before those in front of them, by their number. */
  readonly #early = new Map<number, unknown>()
  /** Digests of the last that verified, by their number. */
  readonly #digests = new Map<number, string>()
  #last: Link = NO_RECEIPTS
  #failure: Level5Error | null = null
  /** One after the other: each link needs the one before. */
  #queue: Promise<void> = Promise.resolve()

  constructor(parts: BookParts) {
    this.#parts = parts
  }

  /** Number and total of the last receipt that verified. */
  get last(): { readonly seq: number; readonly spent: Units } {
    return this.#last
  }

  /** Throws `untrusted_answer` for good once a receipt did not verify. */
  assertTrusted(): void {
    if (this.#failure !== null) throw this.#failure
  }

  /** Takes a receipt that came with an answer. Never throws: what is wrong with it stops the next signature. */
  async offer(delivered: unknown): Promise<void> {
    await this.#inTurn(async () => {
      const seq = seqOf(delivered)
      if (seq === null) return await this.#link(delivered)
      if (seq <= this.#last.seq) return this.#compare(seq, delivered)
      this.#early.set(seq, delivered)
      for (let next = this.#nextEarly(); next !== undefined; next = this.#nextEarly()) {
        await this.#link(next)
      }
    }).catch(() => {})
  }

  /** Asks for every receipt after the last. Throws `untrusted_answer`, and what the gateway's absence throws. */
  async sync(): Promise<void> {
    await this.#inTurn(async () => {
      for (let more = true; more; ) {
        const target = `/v1/receipts?after=${this.#last.seq}&limit=${PAGE}`
        const page = await this.#parts.api.get<ReceiptPage>(target)
        for (const delivered of page.data) await this.#link(delivered)
        more = page.next_cursor !== null && page.data.length > 0
      }
      for (const seq of this.#early.keys()) if (seq <= this.#last.seq) this.#early.delete(seq)
    })
  }

  #nextEarly(): unknown {
    const next = this.#last.seq + 1
    const delivered = this.#early.get(next)
    this.#early.delete(next)
    return delivered
  }

  async #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#queue.then(work)
    this.#queue = turn.catch(() => {})
    await turn
  }

  async #link(delivered: unknown): Promise<void> {
    this.assertTrusted()
    const { party, facts, ownCall } = this.#parts
    const isSigned: GatewayFacts['isSigned'] = (...args) => facts.isSigned(...args)
    const attempt = () =>
      linkReceipt(this.#last, delivered, { party, isSigned, used: this.#used, ownCall })
    let linked = attempt()
    if (linked.kind === 'other_key' && (await facts.readKey())) linked = attempt()
    if (linked.kind === 'other_key' && (await facts.readEarlierKeys(linked.at))) linked = attempt()
    if (linked.kind !== 'linked') return this.#fail(linked.reason)
    const { charged, receipt } = linked
    const problem = (await this.#overcharge(receipt, charged)) ?? (await this.#book(charged))
    if (problem !== null) return this.#fail(`receipt ${linked.link.seq}: ${problem}`)
    this.#last = linked.link
    const { seq, digest } = linked.link
    this.#digests.set(seq, digest)
    this.#digests.delete(seq - REMEMBERED_MAX)
  }

  /** A number that verified before is that very receipt, or one of two. */
  #compare(seq: number, delivered: unknown): void {
    const reading = readReceipt(delivered)
    const known = this.#digests.get(seq)
    if (reading.kind === 'malformed' || known === undefined) return
    if (reading.receipt.digest !== known) this.#fail(`there are two receipts ${seq}`)
  }

  /** Holds a charge against tokens and signed prices. Returns what is wrong with it, or null. */
  async #overcharge(receipt: ReadReceipt, charged: Charged): Promise<string | null> {
    if (receipt.about.kind === 'correction') return null
    const { facts, ownCall } = this.#parts
    const { call } = receipt.about
    const list = await facts.priceList(call.priceVersion).catch((error: unknown) => {
      // A list that does not verify is a fault of the receipt that names it; a gateway that is away says nothing about it.
      if (error instanceof Level5Error && error.code === 'untrusted_answer') this.#failure = error
      throw error
    })
    const isOwn = charged.kind === 'call' && ownCall(charged.nonce) !== undefined
    return chargeProblem(receipt.charge, call, list, isOwn)
  }

  /** Books a charge. Returns what is wrong with it, or null. */
  async #book(charged: Charged): Promise<string | null> {
    const { sessions, api, party } = this.#parts
    if (charged.kind === 'call') {
      this.#used.add(charged.nonce)
      this.#parts.onCharged(charged.nonce)
    }
    if (charged.kind !== 'session') return null
    const { session } = charged
    if (!sessions.has(session)) {
      const target = `/v1/sessions/${encodeURIComponent(session)}`
      const shown = await api.get<ShownSession>(target).catch(unshown)
      const problem = sessions.admit(session, shown, party)
      if (problem !== null) return problem
    }
    return sessions.charge(session, charged.charge)
  }

  #fail(reason: string): never {
    this.#failure = untrusted(reason)
    throw this.#failure
  }
}

/** A gateway that knows no such session has nothing to show; one that is away says nothing about it. */
function unshown(error: unknown): ShownSession {
  if (error instanceof Level5Error && error.status === 404) return {}
  throw error
}

/** Null where it is no receipt. */
function seqOf(delivered: unknown): number | null {
  const reading = readReceipt(delivered)
  return reading.kind === 'read' ? reading.receipt.seq : null
}
