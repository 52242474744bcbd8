/** The stand-in's embeddings: a few numbers made of a hash of the text, equal for equal texts. */
import { createHash } from 'node:crypto'
import { type JsonObject, list, number, string } from './request-json.ts'
import type { Reply } from './server-sent-events.ts'
import { countTokens } from './tokens.ts'

const DIMENSIONS = 8

/** Answers a request of the embeddings format: texts, lists of texts, token lists. */
export function embeddingsReply(body: JsonObject): Reply {
  const inputs = typeof body['input'] === 'string' ? [body['input']] : inputList(body['input'])
  const dimensions = number(body['dimensions']) ?? DIMENSIONS
  const data = inputs.map((input, index) => {
    const vector = embed(String(input), dimensions)
    const embedding =
      body['encoding_format'] === 'base64'
        ? Buffer.from(Float32Array.from(vector).buffer).toString('base64')
        : vector
    return { object: 'embedding', index, embedding }
  })
  const tokens = inputs.reduce<number>((sum, input) => sum + inputTokens(input), 0)
  const usage = { prompt_tokens: tokens, total_tokens: tokens }
  return {
    kind: 'json',
    status: 200,
    body: { object: 'list', data, model: string(body['model']), usage },
  }
}

function inputList(input: unknown): unknown[] {
  const items = list(input)
  return items.every((item) => typeof item === 'number') ? [items] : items
}

function inputTokens(input: unknown): number {
  return Array.isArray(input) ? input.length : countTokens(string(input))
}

function embed(text: string, dimensions: number): number[] {
  const digest = createHash('sha256').update(text).digest()
  const raw = Array.from(
    { length: dimensions },
    (_, at) => (digest[at % digest.length] ?? 0) / 255 - 0.5,
  )
  const norm = Math.hypot(...raw)
  return raw.map((value) => value / norm)
}
