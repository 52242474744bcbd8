/** The public price routes' bodies, as pure functions of the list. Source: wire contract, "Money routes". */
import { USDC_DECIMALS } from '../money.ts'
import type { ModelTerms, PriceList, WireModel } from './price-list.ts'

/** `GET /v1/pricing`: units per 1,000,000 tokens, decimal strings. */
export interface PricingBody {
  readonly asset: 'USDC'
  readonly decimals: number
  readonly per: 1_000_000
  readonly version: string
  readonly effective_at: string
  readonly models: Readonly<Record<string, WireModel>>
}

/** The body of the list in force, or of one that was. */
export function pricingBody(
  list: Pick<PriceList, 'version' | 'effectiveAt' | 'wireModels'>,
): PricingBody {
  return {
    asset: 'USDC',
    decimals: USDC_DECIMALS,
    per: 1_000_000,
    version: list.version,
    effective_at: list.effectiveAt,
    models: list.wireModels,
  }
}

/** As it is delivered: base64 of the receipt key's signature beside what it signs. */
export interface SignedPricingBody extends PricingBody {
  readonly signature: string
}

/** One entry of `GET /v1/models`: OpenAI's members, then OpenRouter's. */
interface ListedModel {
  readonly id: string
  readonly object: 'model'
  /** Unix seconds: when the list took effect. */
  readonly created: number
  readonly owned_by: string
  /** USD per token, decimal strings. */
  readonly pricing: {
    readonly prompt: string
    readonly completion: string
    readonly request: '0'
    readonly image: '0'
    readonly input_cache_read: string
    readonly input_cache_write: string
  }
  /** Tokens. */
  readonly context_length: number
  readonly top_provider: {
    readonly context_length: number
    readonly max_completion_tokens: number
    readonly is_moderated: boolean
  }
}

/** `GET /v1/models`. */
export interface ModelsBody {
  readonly object: 'list'
  readonly data: readonly ListedModel[]
}

export function modelsBody(list: PriceList): ModelsBody {
  const created = Math.floor(Date.parse(list.effectiveAt) / 1000)
  return {
    object: 'list',
    data: [...list.models.values()].map((terms) => listedModel(terms, created)),
  }
}

function listedModel(terms: ModelTerms, created: number): ListedModel {
  return {
    id: terms.id,
    object: 'model',
    created,
    owned_by: terms.provider,
    pricing: {
      prompt: usdPerToken(terms.prices.input),
      completion: usdPerToken(terms.prices.output),
      request: '0',
      image: '0',
      input_cache_read: usdPerToken(terms.prices.cached_input),
      input_cache_write: usdPerToken(terms.prices.cache_write),
    },
    context_length: terms.contextWindow,
    top_provider: {
      context_length: terms.contextWindow,
      max_completion_tokens: terms.maxOutputTokens,
      is_moderated: false,
    },
  }
}

/** Units per 1,000,000 tokens → USD per token, exactly: 150000 → `0.00000015`. */
function usdPerToken(price: bigint): string {
  const digits = price.toString().padStart(13, '0')
  const fraction = digits.slice(-12).replace(/0+$/, '')
  return fraction === '' ? digits.slice(0, -12) : `${digits.slice(0, -12)}.${fraction}`
}
