/** Answers of the stand-in: one JSON body, or server-sent events at a pace a person can watch. */
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'

export type Reply =
  | { readonly kind: 'json'; readonly status: number; readonly body: unknown }
  | { readonly kind: 'stream'; readonly events: readonly string[] }

/** One event in OpenAI's chat style: data only. */
export function dataEvent(data: unknown): string {
  return `data: ${JSON.stringify(data)}\n\n`
}

/** One event that states its type, as Anthropic and OpenAI Responses write it. */
export function typedEvent<E extends { readonly type: string }>(data: E): string {
  return `event: ${data.type}\n${dataEvent(data)}`
}

/** Sends a reply; stops quietly when the caller has left. */
export async function send(
  response: ServerResponse,
  reply: Reply,
  eventPauseMs: number,
): Promise<void> {
  if (reply.kind === 'json') {
    response.writeHead(reply.status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(reply.body))
    return
  }
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
  for (const event of reply.events) {
    if (response.destroyed) return
    if (!response.write(event))
      await Promise.race([once(response, 'drain'), once(response, 'close')])
    if (eventPauseMs > 0) await delay(eventPauseMs)
  }
  response.end()
}
