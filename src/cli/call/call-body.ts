/** The body and target of a call, in the format of the model's provider. Pure. */

/** Cap of an answer unless told otherwise, in tokens. */
export const DEFAULT_MAX_TOKENS = 1024
/** More than any model writes. */
export const TOKENS_MAX = 10_000_000

export interface Wish {
  readonly model: string
  readonly prompt: string
  readonly maxTokens: number
  readonly stream: boolean
}

/** The gateway's path for models of this provider. */
export function callTarget(provider: string): string {
  return provider === 'anthropic' ? '/v1/messages' : '/v1/chat/completions'
}

/** The body of a call with one user message. */
export function callBody(provider: string, wish: Wish): object {
  const { model, prompt, maxTokens, stream } = wish
  const messages = [{ role: 'user', content: prompt }]
  if (provider === 'anthropic') {
    return { model, messages, max_tokens: maxTokens, ...(stream ? { stream } : {}) }
  }
  const streaming = { stream, stream_options: { include_usage: true } }
  return { model, messages, max_completion_tokens: maxTokens, ...(stream ? streaming : {}) }
}
