/** OpenAI embeddings as the provider writes them. Source: the API reference; the SDK's types. */
import { isObject, listOf, memberOf, objectsOf } from '../json-values.ts'
import { PLAYED_MODEL, type WireFormat } from './wire-format.ts'

/** The vector (0, 1, −2) in little-endian floats, base64, as it was asked for. */
const VECTOR = 'AAAAAAAAgD8AAADA'

export const openAiEmbeddings: WireFormat = {
  format: 'openai-embeddings',
  path: '/v1/embeddings',
  ask: ({ model, prompt }) => ({ model, input: prompt, encoding_format: 'base64' }),
  usage: ({ input, cachedInput, cacheWrite }) => ({
    prompt_tokens: input + cachedInput + cacheWrite,
    total_tokens: input + cachedInput + cacheWrite,
  }),
  body: ({ usage }) => ({
    object: 'list',
    data: [{ object: 'embedding', index: 0, embedding: VECTOR }],
    model: PLAYED_MODEL,
    ...(usage === undefined ? {} : { usage }),
  }),
  readBody(body) {
    const data = listOf(memberOf(body, 'data'))
    return {
      text: '',
      ended: data.length > 0,
      failed: isObject(memberOf(body, 'error')),
      usages: objectsOf([memberOf(body, 'usage')]),
    }
  },
}
