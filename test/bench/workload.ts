/** What is asked in a bench: chat bodies of a given size, streamed or not. */

/** A prompt with this word gets a stream at a pace. */
export const PACED = 'slowly'

export interface Ask {
  /** Of the whole body, about. */
  readonly bytes: number
  readonly answer: 'whole' | 'stream' | 'paced_stream'
}

const MODEL = 'gpt-4o-mini'
const SENTENCE = 'What does one call cost? '

/** A request body of the chat format. */
export function chatBody({ bytes, answer }: Ask): string {
  const opening = answer === 'paced_stream' ? `${PACED} ` : ''
  const content = opening + SENTENCE.repeat(Math.ceil(bytes / SENTENCE.length))
  const body = {
    model: MODEL,
    max_tokens: 200,
    ...(answer === 'whole' ? {} : { stream: true, stream_options: { include_usage: true } }),
    messages: [{ role: 'user', content: content.slice(0, bytes) }],
  }
  return JSON.stringify(body)
}
