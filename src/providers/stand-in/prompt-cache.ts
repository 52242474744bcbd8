/**
 * The stand-in's prompt caches, with the providers' own rules: OpenAI caches prefixes unasked, from 1,024 tokens in
 * steps of 128; Anthropic caches what the request marks, from 1,024 tokens, and bills the first write.
 */
import { countTokens, tokenize } from './tokens.ts'

const MINIMUM_TOKENS = 1024
const STEP_TOKENS = 128
/** Prompts remembered per model; the oldest goes first. */
const REMEMBERED = 64

/** Prefixes cached automatically. */
export interface PrefixCache {
  /** Tokens of this prompt that were cached already; remembers the prompt. */
  cachedTokens(model: string, prompt: string): number
}

/** Prefixes cached on request. */
export interface MarkedCache {
  /** Splits a marked prefix into tokens read from the cache and tokens written to it; remembers the prefix. */
  use(model: string, prefix: string): { readonly read: number; readonly written: number }
}

export function createPrefixCache(): PrefixCache {
  const seen = new Map<string, string[][]>()
  return {
    cachedTokens(model, prompt) {
      const tokens = tokenize(prompt)
      const earlier = seen.get(model) ?? []
      seen.set(model, [...earlier, tokens].slice(-REMEMBERED))
      const common = Math.max(0, ...earlier.map((other) => commonPrefix(other, tokens)))
      return common < MINIMUM_TOKENS ? 0 : common - (common % STEP_TOKENS)
    },
  }
}

export function createMarkedCache(): MarkedCache {
  const seen = new Map<string, string[]>()
  return {
    use(model, prefix) {
      const total = countTokens(prefix)
      if (total < MINIMUM_TOKENS) return { read: 0, written: 0 }
      const earlier = seen.get(model) ?? []
      const hits = earlier.filter((other) => prefix.startsWith(other)).map(countTokens)
      const read = Math.min(total, Math.max(0, ...hits))
      if (read < total) seen.set(model, [...earlier, prefix].slice(-REMEMBERED))
      return { read, written: total - read }
    },
  }
}

function commonPrefix(a: readonly string[], b: readonly string[]): number {
  const end = Math.min(a.length, b.length)
  for (let at = 0; at < end; at += 1) {
    if (a[at] !== b[at]) return at
  }
  return end
}
