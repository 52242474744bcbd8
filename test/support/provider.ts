/**
 * A provider for tests: a real HTTP server that answers what it is told to, call by call, and remembers what it was sent.
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What the provider was sent. */
interface Seen {
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
  /** Performance-clock milliseconds at which the connection was closed before the answer's end; null: it was not. */
  abortedAt: number | null
}

export type Behaviour = (response: ServerResponse, seen: Seen) => void | Promise<void>

export interface TestProvider {
  readonly url: string
  readonly seen: Seen[]
  /** What the next calls get, one each; after the last one it stays. */
  will(...behaviours: Behaviour[]): void
  close(): Promise<void>
}

export async function startProvider(): Promise<TestProvider> {
  const seen: Seen[] = []
  let queue: Behaviour[] = [chatReply()]
  const server = createServer((request, response) => {
    void answer(request, response)
  })
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const { url = '', headers } = request
    const entry: Seen = { url, headers, body: Buffer.concat(chunks).toString(), abortedAt: null }
    response.once('close', () => {
      if (!response.writableFinished) entry.abortedAt = performance.now()
    })
    seen.push(entry)
    const behaviour = queue.length > 1 ? queue.shift() : queue[0]
    await behaviour?.(response, entry)
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    will(...behaviours) {
      queue = behaviours
    },
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

export const CHAT_USAGE = { prompt_tokens: 12, completion_tokens: 7, total_tokens: 19 }

/** A chat completion; `usage` null leaves it out. */
export function chatReply(usage: object | null = CHAT_USAGE, content = 'Hello there.'): Behaviour {
  return jsonReply(200, {
    id: 'chatcmpl-test',
    object: 'chat.completion',
    created: 1,
    model: 'gpt-4o-mini',
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    ...(usage === null ? {} : { usage }),
  })
}

export function messagesReply(usage: object = { input_tokens: 12, output_tokens: 7 }): Behaviour {
  return jsonReply(200, {
    id: 'msg_test',
    type: 'message',
    role: 'assistant',
    model: 'claude-test',
    content: [{ type: 'text', text: 'Hello there.' }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage,
  })
}

export function jsonReply(
  status: number,
  body: object,
  headers: Record<string, string> = {},
): Behaviour {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(JSON.stringify(body))
  }
}

/** Accepts the request and never answers. */
export const silence: Behaviour = () => {}

/** One event of a chat stream. */
export function chatChunk(content: string, usage: object | null = null): string {
  const choices = content === '' ? [] : [{ index: 0, delta: { content }, finish_reason: null }]
  const head = { id: 'chatcmpl-test', object: 'chat.completion.chunk', created: 1 }
  return `data: ${JSON.stringify({ ...head, model: 'gpt-4o-mini', choices, usage })}\n\n`
}

export const DONE = 'data: [DONE]\n\n'

/** A whole chat stream of these pieces of content. */
export function chatStream(contents: readonly string[], usage: object | null = CHAT_USAGE) {
  return [
    ...contents.map((content) => chatChunk(content)),
    ...(usage === null ? [] : [chatChunk('', usage)]),
    DONE,
  ]
}

/** The events of a whole Anthropic stream. */
export function messagesStream(text: string, input = 12, output = 7): string[] {
  const event = (type: string, body: object): string =>
    `event: ${type}\ndata: ${JSON.stringify({ type, ...body })}\n\n`
  return [
    event('message_start', {
      message: {
        id: 'msg_test',
        type: 'message',
        role: 'assistant',
        model: 'claude-test',
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: { input_tokens: input, output_tokens: 1 },
      },
    }),
    event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
    event('content_block_delta', { index: 0, delta: { type: 'text_delta', text } }),
    event('content_block_stop', { index: 0 }),
    event('message_delta', {
      delta: { stop_reason: 'end_turn', stop_sequence: null },
      usage: { output_tokens: output },
    }),
    event('message_stop', {}),
  ]
}

/** Sends the first `events` of a stream and then does what `end` says. */
export function streamReply(
  events: readonly string[],
  end: 'end' | 'cut' | 'stall' = 'end',
): Behaviour {
  return async (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
    response.flushHeaders()
    for (const event of events) await written(response, event)
    if (end === 'end') response.end()
    if (end === 'cut') response.destroy()
  }
}

/** Writes and waits until the bytes are with the kernel, or the other side is gone. */
export function written(response: ServerResponse, text: string | Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    if (response.destroyed) resolve()
    else response.write(text, () => resolve())
  })
}
