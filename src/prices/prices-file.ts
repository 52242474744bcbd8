/** Reads an operator's own price list (docs/prices.md). Every problem is reported at once. Property M7. */
import { z } from 'zod'
import { boundedList, boundedText } from '../bounded.ts'
import { parseUnits, type TokenPrices, units } from '../money.ts'
import { completed } from './catalogue.ts'
import type { StatedPrices } from './dataset.ts'
import type { ModelTerms } from './price-list.ts'

const price = z
  .string()
  .refine((text) => (parseUnits(text) ?? 0n) > 0n, 'not a positive decimal string of units')
  .transform((text) => BigInt(text))
const count = z.int().positive()
const EMBEDDINGS = 'openai-embeddings'

const prices = {
  input: price,
  cached_input: price.optional(),
  cache_write: price.optional(),
  output: price,
}

const Model = z
  .strictObject({
    provider: boundedText(1, 128),
    formats: boundedList(boundedText(1, 128), 1, 100),
    ...prices,
    cache_write_1h: price.optional(),
    long_context: z.strictObject({ above: count, ...prices }).optional(),
    context_window: count,
    max_output_tokens: z.int().nonnegative(),
    tool_prompt_tokens: z.int().nonnegative().default(3_000),
    image_tokens_max: count.nullable().default(null),
    documents: z.boolean().default(false),
  })
  .refine(
    (model) => model.long_context === undefined || model.cache_write_1h === undefined,
    'cache_write_1h cannot be stated together with long_context',
  )
  .refine(
    (model) => model.max_output_tokens > 0 || model.formats.every((name) => name === EMBEDDINGS),
    'max_output_tokens is 0, which only embeddings are',
  )

const File = z.strictObject({
  models: z
    .record(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,127}$/, 'not a model id'), Model)
    .refine((models) => Object.keys(models).length > 0, 'no models'),
})

export type PricesFile =
  | { readonly kind: 'read'; readonly served: readonly ModelTerms[] }
  | { readonly kind: 'invalid'; readonly problems: readonly string[] }

/** Reads the file's text. Only models of `providers` (names of the configured ones) are served. */
export function readPricesFile(text: string, providers: readonly string[]): PricesFile {
  const json = parseJson(text)
  if (json === undefined) return { kind: 'invalid', problems: ['the file is not JSON'] }
  const read = File.safeParse(json)
  if (!read.success) {
    const problems = read.error.issues.map(
      ({ path, message }) => `${path.length === 0 ? 'the file' : path.join('.')}: ${message}`,
    )
    return { kind: 'invalid', problems }
  }
  const served = Object.entries(read.data.models)
    .filter(([, model]) => providers.includes(model.provider))
    .map(([id, model]) => termsOf(id, model))
  return { kind: 'read', served }
}

function termsOf(id: string, model: z.infer<typeof Model>): ModelTerms {
  const long = model.long_context
  return {
    id,
    provider: model.provider,
    formats: model.formats,
    prices: complete(model),
    hasHourCache: model.cache_write_1h !== undefined,
    longContext: long === undefined ? null : { above: long.above, prices: complete(long) },
    contextWindow: model.context_window,
    maxOutputTokens: model.max_output_tokens,
    toolPromptTokens: model.tool_prompt_tokens,
    imageTokensMax: model.image_tokens_max,
    documentPageTokensMax: model.documents ? model.context_window : null,
  }
}

function complete(stated: {
  input: bigint
  cached_input?: bigint | undefined
  cache_write?: bigint | undefined
  cache_write_1h?: bigint | undefined
  output: bigint
}): TokenPrices {
  const filled = completed(stated as StatedPrices)
  return {
    input: units(filled.input),
    cached_input: units(filled.cached_input),
    cache_write: units(filled.cache_write),
    cache_write_1h: units(filled.cache_write_1h),
    output: units(filled.output),
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
