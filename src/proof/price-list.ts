/**
 * The signed price list: what the receipt key signs of `GET /v1/pricing`, so that no one can deny a price.
 * Source: proof contract, "Prices"; fixed bytes in `vectors.json`.
 */
import { canonicalJson } from '../canonical-json.ts'

/** A list as it is delivered, its models as they came. */
export interface PriceListBody {
  readonly asset: string
  readonly decimals: number
  /** RFC 3339 UTC with milliseconds. */
  readonly effective_at: string
  readonly models: object
  readonly per: number
  /** `versionOf` the models (src/prices/make-list.ts). */
  readonly version: string
}

const DOMAIN = 'level5-prices-v1\n'

/** The bytes under the signature of a list; members of `list` beside the six are not signed. */
export function priceListBytes(list: PriceListBody): Uint8Array {
  const { asset, decimals, effective_at, models, per, version } = list
  const signed = { asset, decimals, effective_at, models, per, version }
  return Buffer.from(DOMAIN + canonicalJson(signed))
}
