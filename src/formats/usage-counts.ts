/** Providers' usage objects → token classes. Hostile or absent counts are "not said"; nothing here throws. */
import { NO_TOKENS, TOKEN_CLASSES, type Tokens } from '../money.ts'
import type { UsageReading } from './format.ts'
import { isObject, type JsonObject } from './json.ts'

/** No window and no cap comes near; a larger count is a defect of the provider and is not believed. */
const COUNT_MAX = 1_000_000_000

/** A whole number of tokens, or null for anything else (fractions, negatives, strings, more than a billion). */
export function count(value: unknown): number | null {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= COUNT_MAX
    ? value
    : null
}

/** What OpenAI's formats call the two totals and the details of the first. */
export interface OpenAiNames {
  readonly input: string
  readonly inputDetails: string
  /** Null for embeddings. */
  readonly output: string | null
}

/** The counts of one usage object; a class is null where it was not said. */
export interface Counted {
  readonly tokens: Tokens | null
  readonly inputTokens: Tokens | null
}

export const NOTHING_COUNTED: Counted = { tokens: null, inputTokens: null }

/**
 * Reads an OpenAI usage object. Cached and cache-write tokens are subsets of the input, reasoning tokens of the output:
 * each token ends up in one class [M2]. Details that exceed their total are cut to it.
 */
export function readOpenAiUsage(usage: unknown, names: OpenAiNames): Counted {
  if (!isObject(usage)) return NOTHING_COUNTED
  const total = count(usage[names.input])
  if (total === null) return NOTHING_COUNTED
  const details = usage[names.inputDetails]
  const cached = Math.min(detail(details, 'cached_tokens'), total)
  const written = Math.min(detail(details, 'cache_write_tokens'), total - cached)
  const inputTokens = {
    ...NO_TOKENS,
    input: total - cached - written,
    cached_input: cached,
    cache_write: written,
  }
  const output = names.output === null ? 0 : count(usage[names.output])
  return counted(inputTokens, output)
}

/** No call is without a token: counts that are all zero say nothing, or what was delivered would be free [M3]. */
export function counted(inputTokens: Tokens, output: number | null): Counted {
  const read = TOKEN_CLASSES.some((name) => inputTokens[name] > 0)
  if (!read && (output ?? 0) === 0) return NOTHING_COUNTED
  return { inputTokens, tokens: output === null ? null : { ...inputTokens, output } }
}

function detail(details: unknown, name: string): number {
  return isObject(details) ? (count(details[name]) ?? 0) : 0
}

/** The id of a provider's answer, or null where it is none worth keeping. */
export function upstreamId(body: JsonObject | null): string | null {
  const id = body?.['id']
  return typeof id === 'string' && id !== '' && id.length <= 200 ? id : null
}

/** The reading of a body that is no JSON object. */
export const NOTHING_READ: UsageReading = {
  ...NOTHING_COUNTED,
  upstreamId: null,
  outputBytes: 0,
}
