/** Tells when an answer that is streamed has ended, passing every byte on as it comes. */

export type AnswerEnd = 'ended' | 'lost'

/** The same response; `onEnd` is called once, when its body was read to the end, cut off, or left. */
export function watchAnswer(response: Response, onEnd: (how: AnswerEnd) => void): Response {
  if (response.body === null) {
    onEnd('ended')
    return response
  }
  const reader = response.body.getReader()
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read()
          if (!done) return controller.enqueue(value)
          onEnd('ended')
          controller.close()
        } catch (cause) {
          onEnd('lost')
          controller.error(cause)
        }
      },
      async cancel(reason) {
        onEnd('lost')
        await reader.cancel(reason)
      },
    },
    { highWaterMark: 0 },
  )
  const { status, statusText, headers, url } = response
  const watched = new Response(body, { status, statusText, headers })
  // A response made here has no URL of its own; clients name it in their errors.
  return Object.defineProperty(watched, 'url', { value: url })
}
