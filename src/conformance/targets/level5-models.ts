/** Which models a gateway is asked for, by its own price list. Pure. */
import { z } from 'zod'
import type { CallFormat } from '../play.ts'

/** Asked for where they are served; else the cheapest of their provider. */
const PREFERRED: readonly [format: CallFormat, provider: string, model: string][] = [
  ['openai-chat', 'openai', 'gpt-4o-mini'],
  ['openai-responses', 'openai', 'gpt-4o-mini'],
  ['openai-embeddings', 'openai', 'text-embedding-3-small'],
  ['anthropic-messages', 'anthropic', 'claude-haiku-4-5'],
]
const EMBEDS = /embed/

const Pricing = z.object({
  models: z.record(z.string(), z.object({ provider: z.string(), output: z.string() })),
})

/** The model for each format; a format of which nothing is listed is missing. */
export function defaultModels(pricing: unknown): ReadonlyMap<CallFormat, string> {
  const read = Pricing.safeParse(pricing)
  const listed = Object.entries(read.success ? read.data.models : {})
  const chosen = new Map<CallFormat, string>()
  for (const [format, provider, preferred] of PREFERRED) {
    const served = listed
      .filter(([id, terms]) => {
        return terms.provider === provider && EMBEDS.test(id) === (format === 'openai-embeddings')
      })
      .sort(([, a], [, b]) => Number(a.output) - Number(b.output))
    const model = served.find(([id]) => id === preferred) ?? served[0]
    if (model !== undefined) chosen.set(format, model[0])
  }
  return chosen
}
