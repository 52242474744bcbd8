/**
 * The provider of a bench, a process of its own: chat completions with usage, whole or as a stream of 100 chunks, made of bytes
 * that are ready beforehand. A body that asks to stream gets a stream; one whose prompt contains `PACED` gets a chunk every
 * `PACE_MS`, any other as fast as the connection takes them. Tells its port to the process that forked it.
 */
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PACED } from './workload.ts'

const CHUNKS = 100
const PACE_MS = 10
const HEAD = { id: 'chatcmpl-bench', created: 1_795_262_400, model: 'gpt-4o-mini' }
const USAGE = { prompt_tokens: 250, completion_tokens: CHUNKS, total_tokens: 250 + CHUNKS }
const ANSWER = Buffer.from(
  JSON.stringify({
    ...HEAD,
    object: 'chat.completion',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: 'What one call costs. '.repeat(4), refusal: null },
        logprobs: null,
        finish_reason: 'stop',
      },
    ],
    usage: USAGE,
  }),
)

function event(choices: object[], usage: object | null): Buffer {
  const chunk = { ...HEAD, object: 'chat.completion.chunk', choices, usage }
  return Buffer.from(`data: ${JSON.stringify(chunk)}\n\n`)
}

const CHUNK = event([{ index: 0, delta: { content: ' token' }, finish_reason: null }], null)
const STREAM_END = Buffer.concat([
  event([{ index: 0, delta: {}, finish_reason: 'stop' }], null),
  event([], USAGE),
  Buffer.from('data: [DONE]\n\n'),
])

function stream(response: ServerResponse, next: (send: () => void) => void): void {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
  let sent = 0
  function send(): void {
    if (response.destroyed) return
    response.write(CHUNK)
    sent += 1
    if (sent === CHUNKS) response.end(STREAM_END)
    else next(send)
  }
  send()
}

function answer(response: ServerResponse, body: Buffer): void {
  if (body.includes('"stream":true') || body.includes('"stream": true')) {
    const paced = body.includes(PACED)
    stream(response, paced ? (send) => setTimeout(send, PACE_MS) : (send) => setImmediate(send))
    return
  }
  response.writeHead(200, {
    'content-type': 'application/json',
    'content-length': ANSWER.length,
  })
  response.end(ANSWER)
}

const server = createServer({ noDelay: true, keepAliveTimeout: 600_000 }, (request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.once('end', () => answer(response, Buffer.concat(chunks)))
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
process.send?.((server.address() as AddressInfo).port)
process.once('disconnect', () => process.exit())
