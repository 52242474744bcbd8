/**
 * The vouchers that agents send: read, and verified as strictly as the chain does before anything relies on them.
 * Source: chain contract, "Voucher"; property C9.
 */
import type { PaymentAddresses } from '../chain/configured.ts'
import { parseVoucherHeader, type VoucherText, voucherBytes } from '../chain/voucher.ts'
import { type Refusal, refusal } from '../errors.ts'
import { verifyStrict } from '../identity/ed25519.ts'
import { decodeBase64Signature, decodePublicKey } from '../identity/public-key.ts'
import type { OfferedVoucher } from '../ledger/voucher-ledger.ts'

export type ReadVoucher =
  | { readonly kind: 'verified'; readonly voucher: OfferedVoucher }
  | { readonly kind: 'refused'; readonly refusal: Refusal }

/** Some 5 MB when full. */
const REMEMBERED_MAX = 10_000

interface Remembered {
  readonly text: string
  readonly voucher: OfferedVoucher
}

export class VoucherReader {
  readonly #addressesOf: (agent: string) => PaymentAddresses
  readonly #rememberedMax: number
  /** The last one that verified, by agent: sent again, it costs no second verification. */
  readonly #verified = new Map<string, Remembered>()

  constructor(
    addressesOf: (agent: string) => PaymentAddresses,
    rememberedMax: number = REMEMBERED_MAX,
  ) {
    this.#addressesOf = addressesOf
    this.#rememberedMax = rememberedMax
  }

  /** Reads `{cumulative}:{expires_at}:{base64 signature}` of an agent. Refuses with `invalid_voucher`, saying what is wrong. */
  read(agent: string, text: string): ReadVoucher {
    const last = this.#verified.get(agent)
    if (last?.text === text) return { kind: 'verified', voucher: last.voucher }
    const parsed = parseVoucherHeader(text)
    if (parsed === null) return refused(`The voucher is not like ${FORM}.`)
    if (parsed.expiresAt !== 0n) {
      return refused(`The voucher expires at ${parsed.expiresAt}; only 0, never, is taken here.`)
    }
    const { vault, vaultKey } = this.#addressesOf(agent)
    if (!verifies(agent, vaultKey, parsed)) {
      const signed = `${parsed.cumulative} units of vault ${vault}`
      return refused(`The voucher's signature is not ${agent}'s over ${signed}.`)
    }
    const { cumulative, signature } = parsed
    const voucher = { vault, cumulative, signature }
    this.#remember(agent, { text, voucher })
    return { kind: 'verified', voucher }
  }

  #remember(agent: string, verified: Remembered): void {
    if (!this.#verified.has(agent) && this.#verified.size >= this.#rememberedMax) {
      this.#verified.delete(this.#verified.keys().next().value ?? '')
    }
    this.#verified.set(agent, verified)
  }
}

const FORM = '{cumulative}:0:{base64 of 64 bytes}, decimals without leading zeros'

function verifies(
  agent: string,
  vaultKey: PaymentAddresses['vaultKey'],
  { cumulative, signature }: VoucherText,
): boolean {
  const key = decodePublicKey(agent)
  const bytes = decodeBase64Signature(signature)
  if (key === null || bytes === null) return false
  return verifyStrict(key, voucherBytes(vaultKey, cumulative), bytes)
}

function refused(message: string): ReadVoucher {
  return { kind: 'refused', refusal: refusal('invalid_voucher', message, 'voucher') }
}
