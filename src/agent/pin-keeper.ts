/** Holds the gateway to one set of terms: the configured pins, and what its first answer added to them. */
import type { ChainName } from '../identity/signed-text.ts'
import type { GatewayApi } from './gateway-api.ts'
import { Level5Error } from './level5-error.ts'
import {
  contradictions,
  mayBePaid,
  type Pins,
  pinned,
  x402Contradictions,
} from './payment-terms.ts'
import type { DepositTerms } from './wire.ts'

export interface PinKeeper {
  /** The chain that requests are signed for. */
  chain(): Promise<ChainName>
  /** `GET /v1/deposit`, checked. Throws `untrusted_answer`. */
  terms(): Promise<DepositTerms>
  /** The same, and money may be sent there. Throws `unpinned` where the owner has to pin first. */
  termsToPay(): Promise<DepositTerms>
  /** Throws `untrusted_answer` when the payment of a 402 contradicts the pins. Consumes the response. */
  checkRefusal(response: Response): Promise<void>
}

/** `open` need not sign: the terms are public. */
export function createPinKeeper(configured: Pins, agent: string, open: GatewayApi): PinKeeper {
  let pins = configured
  let asking: Promise<DepositTerms> | null = null
  function check(stated: unknown, where: string): DepositTerms {
    const found = contradictions(stated, pins, agent)
    if (found.length > 0) {
      throw new Level5Error('untrusted_answer', `${where} is not to be paid: ${found.join('; ')}`)
    }
    const terms = stated as DepositTerms
    pins = pinned(terms)
    return terms
  }
  async function ask(): Promise<DepositTerms> {
    return check(await open.get(`/v1/deposit?pubkey=${agent}`), 'GET /v1/deposit')
  }
  /** Calls made at once share one question. */
  function terms(): Promise<DepositTerms> {
    asking ??= ask().finally(() => {
      asking = null
    })
    return asking
  }
  return {
    terms,
    async chain() {
      return pins.chain ?? (await terms()).network
    },
    async termsToPay() {
      const found = await terms()
      if (mayBePaid(found, configured)) return found
      throw new Level5Error(
        'unpinned',
        `to deposit on ${found.network}, configure the program and the gateway that you trust ` +
          `(this gateway names program ${found.program}, gateway ${found.gateway})`,
      )
    },
    async checkRefusal(response) {
      const body: unknown = await response.json().catch(() => null)
      const { payment } = Object(body) as { payment?: unknown }
      const stated = payment === undefined ? null : check(payment, 'the payment of a 402')
      const header = response.headers.get('payment-required')
      if (header === null) return
      const found =
        stated === null
          ? ['PAYMENT-REQUIRED: no payment beside it']
          : x402Contradictions(header, stated)
      if (found.length > 0) {
        throw new Level5Error('untrusted_answer', `a 402 is not to be paid: ${found.join('; ')}`)
      }
    },
  }
}
