/** Price lists under the receipt key's signature: the one in force, and every one that the ledger has kept. */
import type { SpendLedger } from '../ledger/ledger.ts'
import type { PriceList, WireModel } from '../prices/price-list.ts'
import { pricingBody, type SignedPricingBody } from '../prices/wire.ts'
import { priceListBytes } from '../proof/price-list.ts'
import type { SignedPrices } from '../routes/parts.ts'
import { type MessageSigner, SignerFailed } from '../signers/message-signer.ts'

type ListToSign = Pick<PriceList, 'version' | 'effectiveAt' | 'wireModels'>

export interface PriceListSigner {
  /** Signs a list, each version once. Throws what the signer throws. */
  sign(list: ListToSign): Promise<SignedPricingBody>
  /** The list of a version that the ledger has kept. */
  find(version: string): Promise<SignedPrices>
}

export function createPriceListSigner(
  ledger: Pick<SpendLedger, 'prices'>,
  signer: MessageSigner,
): PriceListSigner {
  const signed = new Map<string, SignedPricingBody>()
  async function sign(list: ListToSign): Promise<SignedPricingBody> {
    const before = signed.get(list.version)
    if (before !== undefined) return before
    const body = pricingBody(list)
    const signature = Buffer.from(await signer.sign(priceListBytes(body))).toString('base64')
    const delivered = { ...body, signature }
    signed.set(list.version, delivered)
    return delivered
  }
  return {
    sign,
    async find(version) {
      const before = signed.get(version)
      if (before !== undefined) return { kind: 'signed', body: before }
      const stored = await ledger.prices(version)
      if (stored === null) return { kind: 'unknown' }
      const wireModels = JSON.parse(stored.json) as Record<string, WireModel>
      try {
        const body = await sign({ version, effectiveAt: stored.effectiveAt, wireModels })
        return { kind: 'signed', body }
      } catch (error) {
        if (error instanceof SignerFailed) return { kind: 'unsigned' }
        throw error
      }
    },
  }
}
