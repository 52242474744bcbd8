/**
 * The price list: what each served model costs and how far its calls can go.
 * Source: wire contract, `GET /v1/pricing`. Values only; the generator, the markup and the registry stand beside it.
 */
import type { TokenPrices } from '../money.ts'

/** Prices that hold for the whole call once its input passes `above` tokens. */
export interface LongContext {
  readonly above: number
  readonly prices: TokenPrices
}

/** One model as the gateway sells it. */
export interface ModelTerms {
  readonly id: string
  /** The provider that serves it: a name of `providers/registry.ts`. */
  readonly provider: string
  /** The formats (`Format.name`) it answers. */
  readonly formats: readonly string[]
  /** Units per 1,000,000 tokens; a class without a price of its own costs the dearest input price. */
  readonly prices: TokenPrices
  /** Whether `cache_write_1h` has a price of its own, so that the list says it. */
  readonly hasHourCache: boolean
  readonly longContext: LongContext | null
  /** Tokens. */
  readonly contextWindow: number
  /** Tokens. */
  readonly maxOutputTokens: number
  /** Tokens that the provider adds when tools are present, at most. */
  readonly toolPromptTokens: number
  /** Tokens that one inline image costs at most; null: images are refused for this model. */
  readonly imageTokensMax: number | null
  /**
   * Tokens that one page of an inline document costs at most (the context window, where the provider states no less);
   * null: documents are refused.
   */
  readonly documentPageTokensMax: number | null
}

/** A version of the list, as stored with every charge made under it. */
export interface PriceList {
  /** `sha256:<hex>` over the RFC 8785 JSON of the wire's `models`. */
  readonly version: string
  /** RFC 3339 UTC with milliseconds. */
  readonly effectiveAt: string
  readonly models: ReadonlyMap<string, ModelTerms>
  /** The `models` object exactly as `GET /v1/pricing` carries it. */
  readonly wireModels: Readonly<Record<string, WireModel>>
}

/** A model in `GET /v1/pricing`: decimal strings of units per 1,000,000 tokens, counts as numbers. */
export interface WireModel {
  readonly provider: string
  readonly input: string
  readonly cached_input: string
  readonly cache_write: string
  readonly cache_write_1h?: string
  readonly output: string
  readonly long_context?: {
    readonly above: number
    readonly input: string
    readonly cached_input: string
    readonly cache_write: string
    readonly output: string
  }
  readonly context_window: number
  readonly max_output_tokens: number
}
