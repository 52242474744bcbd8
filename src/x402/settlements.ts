/**
 * Payments on their way: checked, co-signed, simulated, sent, final, credited. One attempt a transaction, however often
 * and wherever it is presented: it moves its money once, and costs the operator one fee. Property C4.
 */
import { createHash } from 'node:crypto'
import bs58 from 'bs58'
import type { Units } from '../money.ts'
import type { MessageSigner } from '../signers/message-signer.ts'
import { AskerLimits, UNDER_WAY_MAX } from './asker-limits.ts'
import type { PaymentChain } from './payment-chain.ts'
import { type CheckedPayment, checkPayment } from './payment-rules.ts'
import {
  agreedTerms,
  MAX_TIMEOUT_SECONDS,
  type PaymentPlace,
  type PaymentSite,
} from './requirements.ts'
import { readPaymentPayload, type SettlementResponse } from './wire.ts'

export interface SettlementParts {
  readonly site: PaymentSite
  readonly placeOf: (agent: string) => PaymentPlace
  /** The key of `site.feePayer`. */
  readonly operator: MessageSigner
  readonly chain: PaymentChain
  /** Resolves once the agent's deposits on the books reach `total`, or when that has taken too long. */
  readonly credited: (agent: string, total: Units) => Promise<void>
  readonly log: SettlementLog
  readonly now: () => number
}

export interface SettlementLog {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
}

/** A payment as a client presents it. */
export interface Presented {
  /** Whose vault it is for. */
  readonly agent: string
  /** Whose tries are counted: the agent, or whoever pays without being one. */
  readonly asker: string
  /** The value of `PAYMENT-SIGNATURE`. */
  readonly payment: string
}

interface Attempt {
  readonly startedAt: number
  readonly done: Promise<SettlementResponse>
  /** What can be said before it is done. */
  sofar: SettlementResponse
}

/** Longer than any blockhash lives: a transaction that was forgotten cannot land any more. */
const REMEMBERED_MS = 600_000

export class Settlements {
  readonly #parts: SettlementParts
  readonly #limits = new AskerLimits()
  /** By the digest of the signed message. */
  readonly #attempts = new Map<string, Attempt>()
  #underWay = 0

  constructor(parts: SettlementParts) {
    this.#parts = parts
  }

  /**
   * Settles a payment, or joins the attempt that settles it. Resolves at the latest after `MAX_TIMEOUT_SECONDS`, and
   * never throws: whatever went wrong is in the answer.
   */
  async settle({ agent, asker, payment }: Presented): Promise<SettlementResponse> {
    const { site, placeOf, now } = this.#parts
    const read = readPaymentPayload(payment)
    if (read.kind === 'refused') return this.#failure('invalid_payload', read.message)
    const place = placeOf(agent)
    const agreed = agreedTerms(site, place, read.payload)
    if (agreed.kind === 'refused') return this.#failure(agreed.reason, agreed.message)
    const checked = checkPayment(read.payload.transaction, agreed.terms)
    if (checked.kind === 'refused') return this.#failure(checked.reason, checked.message)

    this.#forgetOld(now())
    const key = createHash('sha256').update(checked.payment.message).digest('base64')
    const known = this.#attempts.get(key)
    if (known !== undefined) return await inTime(known)
    if (this.#underWay >= UNDER_WAY_MAX) {
      return this.#failure('too_many_settlements', 'Too many payments are under way: try again.')
    }
    const turn = this.#limits.take(asker, now())
    if (turn.kind === 'refused') return this.#failure('rate_limited', turn.message)
    return await inTime(this.#begin(key, { agent, asker, place, payment: checked.payment }))
  }

  #begin(key: string, task: Task): Attempt {
    const { payer } = task.payment
    const pending = this.#failure('settlement_pending', 'Present the same payment again.')
    const attempt: Attempt = {
      startedAt: this.#parts.now(),
      sofar: { ...pending, payer },
      done: this.#run(task, (sofar) => {
        attempt.sofar = sofar
      })
        .catch((error: unknown) => this.#unexpected(error, task))
        .then(({ response, again }) => {
          this.#underWay -= 1
          if (again) this.#attempts.delete(key)
          return response
        }),
    }
    this.#underWay += 1
    this.#attempts.set(key, attempt)
    return attempt
  }

  async #run(
    { agent, asker, place, payment }: Task,
    tell: (sofar: SettlementResponse) => void,
  ): Promise<Ended> {
    const { operator, chain, site, credited, log, now } = this.#parts
    const signatureBytes = await operator.sign(payment.message)
    const signature = bs58.encode(signatureBytes)
    const bytes = Buffer.from(payment.withSignature(signatureBytes))
    const { payer } = payment
    const fields = { agent, payer, amount: `${payment.amount}`, signature }
    if (!(await chain.knows(signature))) {
      const why = await chain.simulate(bytes)
      if (why !== null) {
        const message = `The payment would fail: ${why}.`
        const reason = 'invalid_exact_svm_transaction_simulation_failed'
        return { response: { ...this.#failure(reason, message), payer }, again: true }
      }
    }
    const lastValidBlockHeight = await chain.lastValidBlockHeight()
    tell({
      ...this.#failure('settlement_pending', 'Not final yet.'),
      payer,
      transaction: signature,
    })
    const landed = await chain.land({ signature, bytes, lastValidBlockHeight })
    switch (landed.kind) {
      case 'unknown': {
        const message = 'The gateway stops before the payment is final: present it again.'
        const failure = this.#failure('settlement_pending', message)
        return { response: { ...failure, payer, transaction: signature }, again: true }
      }
      case 'expired': {
        const message = 'The payment was not taken by the network in time: pay anew.'
        return {
          response: { ...this.#failure('transaction_expired', message), payer },
          again: true,
        }
      }
      case 'failed': {
        this.#limits.pause(asker, now())
        log.warn({ ...fields, error: landed.error }, 'x402 payment failed on chain')
        const message = `The payment failed on chain: ${JSON.stringify(landed.error)}.`
        const failure = this.#failure('invalid_exact_svm_transaction_failed', message)
        return { response: { ...failure, payer, transaction: signature }, again: false }
      }
      case 'landed': {
        log.info(fields, 'x402 payment is final')
        const amount = payment.amount.toString()
        const { network } = site
        const response = { success: true, transaction: signature, network, payer, amount }
        tell(response)
        await credited(agent, await chain.inflow(place.vault, place.depositAddress, landed.slot))
        return { response, again: false }
      }
    }
  }

  #unexpected(error: unknown, { agent, payment: { payer } }: Task): Ended {
    this.#parts.log.warn(
      { agent, payer, error: String(error) },
      'x402 payment could not be settled',
    )
    const message = 'The gateway could not settle the payment now: present it again.'
    return {
      response: { ...this.#failure('unexpected_settle_error', message), payer },
      again: true,
    }
  }

  #failure(errorReason: string, errorMessage: string): SettlementResponse {
    const { network } = this.#parts.site
    return { success: false, errorReason, errorMessage, transaction: '', network }
  }

  #forgetOld(nowMs: number): void {
    for (const [key, { startedAt }] of this.#attempts) {
      if (nowMs - startedAt < REMEMBERED_MS) return
      this.#attempts.delete(key)
    }
  }
}

interface Task {
  readonly agent: string
  readonly asker: string
  readonly place: PaymentPlace
  readonly payment: CheckedPayment
}

interface Ended {
  readonly response: SettlementResponse
  /** Whether the same transaction may be tried again: it has cost nothing. */
  readonly again: boolean
}

/** The end of an attempt, or what is known of it when the time is over. */
async function inTime(attempt: Attempt): Promise<SettlementResponse> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<SettlementResponse>((resolve) => {
    timer = setTimeout(() => resolve(attempt.sofar), MAX_TIMEOUT_SECONDS * 1000)
  })
  try {
    return await Promise.race([attempt.done, late])
  } finally {
    clearTimeout(timer)
  }
}
