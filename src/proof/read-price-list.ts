/** Reads a delivered price list, trusting nothing about it. Source: wire contract, `GET /v1/pricing`; proof contract, "Prices". */
import { z } from 'zod'
import { decodeBase64Signature } from '../identity/public-key.ts'
import { isSha256Text } from '../identity/request-proof.ts'
import { parseInstant } from '../identity/session-text.ts'
import { type TokenPrices, units } from '../money.ts'
import { completed } from '../prices/catalogue.ts'
import { versionOf } from '../prices/make-list.ts'
import { type PriceListBody, priceListBytes } from './price-list.ts'
import { problemsOf } from './read-receipt.ts'

/** What a list says of one model, every class with its price. */
export interface ListedPrices {
  readonly prices: TokenPrices
  readonly longContext: { readonly above: number; readonly prices: TokenPrices } | null
  /** Tokens; null where the list does not state both. */
  readonly limits: { readonly contextWindow: number; readonly maxOutputTokens: number } | null
}

export interface ReadPriceList {
  readonly delivered: unknown
  readonly version: string
  /** The digest of `models` as they came: what `version` must be. */
  readonly digest: string
  /** Unix milliseconds. */
  readonly effectiveAt: number
  readonly models: ReadonlyMap<string, ListedPrices>
  readonly signedBytes: Uint8Array
  /** 64 bytes; null where the list carries none. */
  readonly signature: Uint8Array | null
}

export type PriceListReading =
  | { readonly kind: 'read'; readonly list: ReadPriceList }
  | { readonly kind: 'malformed'; readonly problem: string }

const price = z
  .string()
  .regex(/^(0|[1-9]\d{0,19})$/, 'not a decimal string of units')
  .transform((text) => units(BigInt(text)))
const tier = { input: price, cached_input: price, cache_write: price, output: price }
const model = z.object({
  ...tier,
  cache_write_1h: price.optional(),
  long_context: z.object({ above: z.int().min(0), ...tier }).optional(),
  context_window: z.int().min(0).optional(),
  max_output_tokens: z.int().min(0).optional(),
})
const Body = z.object({
  asset: z.literal('USDC'),
  decimals: z.literal(6),
  per: z.literal(1_000_000),
  version: z.string().refine(isSha256Text, 'not sha256:<64 hex digits>'),
  effective_at: z
    .string()
    .refine((text) => parseInstant(text) !== null, 'not RFC 3339 UTC with milliseconds'),
  models: z.record(z.string(), model),
  signature: z.unknown().optional(),
})

/** Reads the body of `GET /v1/pricing`. */
export function readPriceList(delivered: unknown): PriceListReading {
  const read = Body.safeParse(delivered)
  if (!read.success) return { kind: 'malformed', problem: problemsOf(read.error.issues) }
  const { asset, decimals, per, version, effective_at, models } = read.data
  const signature = typeof read.data.signature === 'string' ? read.data.signature : null
  const body = delivered as PriceListBody
  try {
    const list: ReadPriceList = {
      delivered: { asset, decimals, per, version, effective_at, models: body.models, signature },
      version,
      digest: versionOf(body.models),
      effectiveAt: Date.parse(effective_at),
      models: new Map(Object.entries(models).map(([id, stated]) => [id, listedPrices(stated)])),
      signedBytes: priceListBytes(body),
      signature: signature === null ? null : decodeBase64Signature(signature),
    }
    return { kind: 'read', list }
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) {
      return { kind: 'malformed', problem: 'the document has no canonical form' }
    }
    throw error
  }
}

function listedPrices(listed: z.infer<typeof model>): ListedPrices {
  const { long_context: long, context_window, max_output_tokens, ...stated } = listed
  const isLimited = context_window !== undefined && max_output_tokens !== undefined
  return {
    prices: everyClass(stated),
    longContext: long === undefined ? null : { above: long.above, prices: everyClass(long) },
    limits: isLimited
      ? { contextWindow: context_window, maxOutputTokens: max_output_tokens }
      : null,
  }
}

type StatedClasses = Pick<
  z.infer<typeof model>,
  'input' | 'cached_input' | 'cache_write' | 'cache_write_1h' | 'output'
>

/** A class without a price of its own costs the dearest of the model's input prices. */
function everyClass(stated: StatedClasses): TokenPrices {
  const { input, cached_input, cache_write, cache_write_1h, output } = stated
  const filled = completed({
    input,
    cached_input,
    cache_write,
    output,
    ...(cache_write_1h === undefined ? {} : { cache_write_1h }),
  })
  return {
    input: units(filled.input),
    cached_input: units(filled.cached_input),
    cache_write: units(filled.cache_write),
    cache_write_1h: units(filled.cache_write_1h),
    output: units(filled.output),
  }
}
