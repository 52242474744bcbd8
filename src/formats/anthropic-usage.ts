/** Anthropic's usage: three disjoint inputs and the output. Source: platform facts, "Providers' usage" [M2]. */
import { NO_TOKENS, type Tokens } from '../money.ts'
import { isObject } from './json.ts'
import { type Counted, count, counted, NOTHING_COUNTED } from './usage-counts.ts'

/** Anthropic's own counts; null where not said yet. */
export interface AnthropicCounts {
  readonly input: number | null
  readonly cacheRead: number | null
  readonly cacheCreation: number | null
  readonly ephemeral5m: number | null
  readonly ephemeral1h: number | null
  readonly output: number | null
}

export const NO_COUNTS: AnthropicCounts = {
  input: null,
  cacheRead: null,
  cacheCreation: null,
  ephemeral5m: null,
  ephemeral1h: null,
  output: null,
}

/** The counts after a further usage object: they are cumulative, so the last one said wins, never a sum. */
export function merged(before: AnthropicCounts, usage: unknown): AnthropicCounts {
  if (!isObject(usage)) return before
  const split = isObject(usage['cache_creation']) ? usage['cache_creation'] : {}
  return {
    input: count(usage['input_tokens']) ?? before.input,
    cacheRead: count(usage['cache_read_input_tokens']) ?? before.cacheRead,
    cacheCreation: count(usage['cache_creation_input_tokens']) ?? before.cacheCreation,
    ephemeral5m: count(split['ephemeral_5m_input_tokens']) ?? before.ephemeral5m,
    ephemeral1h: count(split['ephemeral_1h_input_tokens']) ?? before.ephemeral1h,
    output: count(usage['output_tokens']) ?? before.output,
  }
}

/**
 * Counts → token classes. Cache writes are split by how long they are kept; what the split leaves of the total is
 * priced as 5 minutes, and a split beyond the total is cut to it.
 */
export function anthropicTokens(counts: AnthropicCounts): Counted {
  if (counts.input === null) return NOTHING_COUNTED
  const hour = counts.ephemeral1h ?? 0
  const written = counts.cacheCreation ?? hour + (counts.ephemeral5m ?? 0)
  const inputTokens: Tokens = {
    ...NO_TOKENS,
    input: counts.input,
    cached_input: counts.cacheRead ?? 0,
    cache_write: written - Math.min(hour, written),
    cache_write_1h: Math.min(hour, written),
  }
  return counted(inputTokens, counts.output)
}
