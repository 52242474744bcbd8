/** What somebody else reads out of a provider's usage: `@pydantic/genai-prices`, beside our own reckoning [M2]. */
import { extractUsage, findProvider } from '@pydantic/genai-prices'
import { usageObject } from '../calls/answers.ts'
import type { Ask } from '../calls/ask.ts'
import { inputOf, type Usage } from './reckoning.ts'
import { must } from './violation.ts'

const FLAVORS = {
  'openai-chat': ['openai', 'chat'],
  'openai-responses': ['openai', 'responses'],
  'openai-embeddings': ['openai', 'embeddings'],
  'anthropic-messages': ['anthropic', 'default'],
} as const

/** Holds that both read the same counts out of what the provider stated. */
export function askAgain({ format }: Pick<Ask, 'format'>, usage: Usage): void {
  const [providerId, flavor] = FLAVORS[format]
  const provider = findProvider({ providerId })
  if (provider === undefined) throw new Error(`nobody knows ${providerId}`)
  const answer = { model: 'any', usage: usageObject(format, usage) }
  const read = extractUsage(provider, answer, flavor).usage as Record<string, number | undefined>
  const theirs = [
    read['input_tokens'],
    read['cache_read_tokens'],
    read['cache_write_tokens'],
    read['output_tokens'],
  ].map((count) => count ?? 0)
  const embeds = format === 'openai-embeddings'
  const caches = embeds ? [0, 0] : [usage.cached, usage.written + usage.writtenHour]
  const ours = [inputOf(usage), ...caches, usage.output]
  must(theirs.join() === ours.join(), 'M2', () => `${format}: ${ours} is read as ${theirs}`)
}
