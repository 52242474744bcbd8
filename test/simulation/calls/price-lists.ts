/** The price lists that operators of the simulation put in force, one after the other, as their file states them. */

export interface StatedModel {
  readonly provider: 'openai' | 'anthropic'
  readonly formats: readonly string[]
  readonly input: string
  readonly cached_input?: string
  readonly cache_write?: string
  readonly cache_write_1h?: string
  readonly output: string
  readonly long_context?: {
    readonly above: number
    readonly input: string
    readonly cached_input?: string
    readonly cache_write?: string
    readonly output: string
  }
  readonly context_window: number
  readonly max_output_tokens: number
}

export type StatedList = Readonly<Record<string, StatedModel>>

/** Odd numbers, so that rounding shows; `factor` makes one list dearer than another. */
function listOf(factor: number): StatedList {
  const price = (units: number): string => String(Math.round(units * factor))
  const size = { context_window: 100_000, max_output_tokens: 400 }
  return {
    'gpt-whole': {
      provider: 'openai',
      formats: ['openai-chat', 'openai-responses'],
      input: price(333_333),
      cached_input: price(111_111),
      cache_write: price(416_667),
      output: price(1_500_001),
      ...size,
    },
    'gpt-plain': {
      provider: 'openai',
      formats: ['openai-chat', 'openai-responses'],
      input: price(77_777),
      output: price(299_999),
      ...size,
    },
    'gpt-tiers': {
      provider: 'openai',
      formats: ['openai-chat'],
      input: price(200_001),
      cached_input: price(50_003),
      output: price(900_007),
      long_context: {
        above: 150,
        input: price(400_003),
        cached_input: price(100_009),
        output: price(1_300_021),
      },
      ...size,
    },
    'embed-small': {
      provider: 'openai',
      formats: ['openai-embeddings'],
      input: price(20_011),
      output: price(1),
      context_window: 8_000,
      max_output_tokens: 0,
    },
    'claude-whole': {
      provider: 'anthropic',
      formats: ['anthropic-messages', 'anthropic-count-tokens'],
      input: price(300_007),
      cached_input: price(30_011),
      cache_write: price(375_013),
      cache_write_1h: price(600_011),
      output: price(1_499_977),
      ...size,
    },
    'claude-plain': {
      provider: 'anthropic',
      formats: ['anthropic-messages'],
      input: price(80_021),
      cached_input: price(8_009),
      output: price(400_009),
      ...size,
    },
  }
}

export const PRICE_LISTS: readonly StatedList[] = [listOf(1), listOf(1.7), listOf(0.6)]
