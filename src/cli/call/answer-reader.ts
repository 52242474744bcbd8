/** Reads the text of an answer, whole or as it streams, in either provider's format. */

export interface AnswerPart {
  readonly text: string
  /** The usage object, where this part carries one. */
  readonly usage: object | null
}

/** Reads a non-streaming body. */
export function readAnswer(body: unknown): AnswerPart {
  const { choices, content, usage } = Object(body) as Record<string, unknown>
  const chat = (Array.isArray(choices) ? choices : []).map((choice) => choice?.message?.content)
  const blocks = (Array.isArray(content) ? content : []).map((block) => block?.text)
  const texts = [...chat, ...blocks].filter((text) => typeof text === 'string')
  return { text: texts.join(''), usage: typeof usage === 'object' ? usage : null }
}

/** Reads one event of a stream. Throws when the event is an error. */
export function readEvent(event: unknown): AnswerPart {
  const { choices, delta, usage, message, error } = Object(event) as Record<string, unknown>
  if (error !== undefined) throw new Error(`the stream failed: ${JSON.stringify(error)}`)
  const chat = (Array.isArray(choices) ? choices : []).map((choice) => choice?.delta?.content)
  const texts = [...chat, Object(delta).text].filter((text) => typeof text === 'string')
  const found = usage ?? Object(message).usage
  return { text: texts.join(''), usage: typeof found === 'object' ? found : null }
}

/** The JSON of each event of a stream of server-sent events, as it arrives. */
export async function* streamEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<unknown> {
  const decoder = new TextDecoder()
  let pending = ''
  for await (const chunk of body) {
    pending += decoder.decode(chunk, { stream: true })
    const lines = pending.split(/\r?\n/)
    pending = lines.pop() ?? ''
    for (const line of lines) {
      const data = /^data: ?(.*)$/.exec(line)?.[1]
      if (data !== undefined && data !== '[DONE]') yield JSON.parse(data)
    }
  }
}
