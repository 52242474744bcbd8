/**
 * The stand-in provider of `level5 dev`: a real HTTP server on this machine that speaks OpenAI's and Anthropic's formats,
 * so that the whole system runs without an account. Nothing but `dev` (and its demo) starts it.
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answer } from './answer.ts'
import { countReply, markedPrefix, messagesReply, readMessages } from './anthropic-messages.ts'
import { chatReply, readChat } from './openai-chat.ts'
import { embeddingsReply } from './openai-embeddings.ts'
import { readResponses, responsesReply } from './openai-responses.ts'
import { createMarkedCache, createPrefixCache } from './prompt-cache.ts'
import { type JsonObject, object } from './request-json.ts'
import { type Reply, send } from './server-sent-events.ts'
import { createTurnstile } from './turnstile.ts'

export interface StandInOptions {
  /** Unix milliseconds. */
  readonly now: () => number
  /** Pause between the events of a stream. */
  readonly eventPauseMs: number
}

export interface StandIn {
  /** `http://127.0.0.1:port`; OpenAI's base URL is this plus `/v1`. */
  readonly url: string
  /** Holds every answer back until `resume`. */
  pause(): void
  resume(): void
  close(): Promise<void>
}

/** Starts the stand-in on a free port of the loopback interface. */
export async function startStandIn({ now, eventPauseMs }: StandInOptions): Promise<StandIn> {
  const respond = createResponder(now)
  const turnstile = createTurnstile()
  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy())
  })
  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    await turnstile.pass()
    await send(response, respond(request, Buffer.concat(chunks)), eventPauseMs)
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    pause: turnstile.shut,
    resume: turnstile.open,
    async close() {
      turnstile.open()
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

function createResponder(now: () => number): (request: IncomingMessage, body: Buffer) => Reply {
  const prefixes = createPrefixCache()
  const marked = createMarkedCache()
  let answered = 0
  function facts(prefix: string) {
    answered += 1
    return { id: `${prefix}_stand_in_${answered}`, createdSeconds: Math.floor(now() / 1000) }
  }
  const routes: Record<string, (body: JsonObject) => Reply> = {
    '/v1/chat/completions'(body) {
      const ask = readChat(body)
      const cachedTokens = prefixes.cachedTokens(ask.model, ask.prompt)
      return chatReply(body, ask, answer(ask), { ...facts('chatcmpl'), cachedTokens })
    },
    '/v1/responses'(body) {
      const ask = readResponses(body)
      const cachedTokens = prefixes.cachedTokens(ask.model, ask.prompt)
      return responsesReply(body, ask, answer(ask), { ...facts('resp'), cachedTokens })
    },
    '/v1/embeddings': embeddingsReply,
    '/v1/messages'(body) {
      const ask = readMessages(body)
      const prefix = markedPrefix(body)
      const { read, written } =
        prefix === null ? NOTHING_CACHED : marked.use(ask.model, prefix.text)
      const cache = { read, written, hour: prefix?.hour ?? false }
      return messagesReply(body, ask, answer(ask), { ...facts('msg'), cache })
    },
    '/v1/messages/count_tokens': (body) => countReply(readMessages(body)),
  }
  return (request, body) => {
    const { authorization = '', 'x-api-key': key = '' } = request.headers
    if (authorization === '' && key === '')
      return failure(401, 'authentication_error', 'no API key')
    const route = Object.hasOwn(routes, request.url ?? '') ? routes[request.url ?? ''] : undefined
    if (request.method !== 'POST' || route === undefined) {
      return failure(404, 'not_found_error', `no ${request.method} ${request.url} here`)
    }
    const parsed = parse(body)
    return parsed === null
      ? failure(400, 'invalid_request_error', 'the body is not JSON')
      : route(object(parsed))
  }
}

const NOTHING_CACHED = { read: 0, written: 0 }

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return null
  }
}

/** An error in a shape that is valid in both dialects. */
function failure(status: number, type: string, message: string): Reply {
  const error = { type, message, param: null, code: null }
  return { kind: 'json', status, body: { type: 'error', error } }
}
