/** A second opinion on usage: `@pydantic/genai-prices`, told in the gateway's own classes of tokens. */
import { extractUsage, findProvider } from '@pydantic/genai-prices'
import type { Tokens } from '../../src/money.ts'

/** By format: whose extractor reads it, and under which name. */
const FLAVORS: Readonly<Record<string, readonly [provider: string, flavor: string]>> = {
  'openai-chat': ['openai', 'chat'],
  'openai-responses': ['openai', 'responses'],
  'openai-embeddings': ['openai', 'embeddings'],
  'anthropic-messages': ['anthropic', 'default'],
}

/** What it reads of a body; null where it throws. Its input is the sum of all classes of input. */
export function secondOpinion(format: string, usage: unknown): Tokens | null {
  const [providerId = '', flavor = ''] = FLAVORS[format] ?? []
  const provider = findProvider({ providerId })
  if (provider === undefined) throw new Error(`it knows no ${providerId}`)
  try {
    const read = extractUsage(provider, { model: 'any', usage }, flavor).usage
    const { input_tokens = 0, output_tokens = 0, cache_read_tokens = 0 } = read
    const { cache_write_tokens = 0, cache_write_1h_tokens = 0 } = read
    return {
      input: input_tokens - cache_read_tokens - cache_write_tokens,
      cached_input: cache_read_tokens,
      cache_write: cache_write_tokens - cache_write_1h_tokens,
      cache_write_1h: cache_write_1h_tokens,
      output: output_tokens,
    }
  } catch {
    return null
  }
}
