/**
 * Plays a provider: a real HTTP server that answers each request by the script whose marker its body carries.
 * A request without a known marker gets a 404 in a shape that both dialects can read.
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Act, Forwarded, Play, PlayedProvider, Script } from './play.ts'

export interface PlayedProviderOptions {
  /** 0 takes a free one. Only the loopback interface is listened on. */
  readonly port: number
  /** Tells this run's markers from those of any other: 4 to 16 of `[a-z0-9]`. */
  readonly runId: string
  /** Unix milliseconds. */
  readonly now: () => number
}

/** Connections of a gateway are never closed for being idle: reusing one must not be a race. */
const KEEP_ALIVE_MS = 3_600_000
const PREFIX = 'conformance-'
const MARKER = /^conformance-[a-z0-9]{4,16}-\d+-/

export async function startPlayedProvider(options: PlayedProviderOptions): Promise<PlayedProvider> {
  const { port, runId, now } = options
  const plays = new Map<string, ScriptedPlay>()
  let count = 0
  let played = 0
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: 0 })
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    count += 1
    receive(request)
      .then((forwarded) => {
        const play = plays.get(markerOf(forwarded.body) ?? '')
        return play === undefined ? refuse(response) : play.answer(forwarded, response)
      })
      .catch(() => response.destroy())
  })
  await listening(server, port)
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    get count() {
      return count
    },
    play(script) {
      played += 1
      const marker = `${PREFIX}${runId}-${played}-`
      const play = new ScriptedPlay(marker, script, now, () => plays.delete(marker))
      plays.set(marker, play)
      return play
    },
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

/** Rejects where the port is taken. */
async function listening(server: Server, port: number): Promise<void> {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
}

async function receive(request: IncomingMessage): Promise<Forwarded> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const headers = Object.entries(request.headersDistinct).map(([name, values]) => [
    name,
    (values ?? []).join(', '),
  ])
  return {
    path: request.url ?? '',
    headers: Object.fromEntries(headers),
    body: Buffer.concat(chunks),
  }
}

function markerOf(body: Uint8Array): string | null {
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  for (let at = text.indexOf(PREFIX); at >= 0; at = text.indexOf(PREFIX, at + 1)) {
    const marker = MARKER.exec(text.subarray(at, at + 64).toString('latin1'))
    if (marker !== null) return marker[0]
  }
  return null
}

function refuse(response: ServerResponse): void {
  const error = { type: 'not_found_error', message: 'No script is played for this request.' }
  response.writeHead(404, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ type: 'error', error: { ...error, param: null, code: null } }))
}

class ScriptedPlay implements Play {
  readonly marker: string
  readonly requests: Forwarded[] = []
  readonly begun: Promise<Forwarded>
  readonly aborted: Promise<number>
  bytesTaken = 0
  readonly #script: Script
  readonly #now: () => number
  readonly #forget: () => void
  readonly #answers = new Set<ServerResponse>()
  readonly #waiting: (() => void)[] = []
  #passes = 0
  #begin: (forwarded: Forwarded) => void = () => {}
  #abort: (at: number) => void = () => {}

  constructor(marker: string, script: Script, now: () => number, forget: () => void) {
    this.marker = marker
    this.#script = script
    this.#now = now
    this.#forget = forget
    this.begun = new Promise((resolve) => {
      this.#begin = resolve
    })
    this.aborted = new Promise((resolve) => {
      this.#abort = resolve
    })
  }

  go(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#passes += 1
    else next()
  }

  end(): void {
    this.#forget()
    for (const response of this.#answers) this.#cut(response)
  }

  async answer(forwarded: Forwarded, response: ServerResponse): Promise<void> {
    this.#answers.add(response)
    response.once('close', () => {
      const byUs = !this.#answers.delete(response)
      if (!byUs && !response.writableFinished) this.#abort(this.#now())
    })
    response.on('error', () => {})
    this.requests.push(forwarded)
    this.#begin(forwarded)
    const { status, headers, acts } = this.#script
    if (status !== 0) {
      response.writeHead(status, headers)
      response.flushHeaders()
    }
    for (const act of acts) {
      if (response.destroyed) return
      if (act.kind === 'stall') return
      await this.#perform(act, response)
    }
    if (status === 0) this.#cut(response)
    else response.end()
  }

  async #perform(act: Act, response: ServerResponse): Promise<void> {
    switch (act.kind) {
      case 'write':
        if (await taken(response, act.bytes)) this.bytesTaken += act.bytes.length
        return
      case 'wait':
        return this.#pass(response)
      case 'cut':
        return this.#cut(response)
      case 'stall':
        return
    }
  }

  /** Resolves when `go` was called once more, or nobody reads any longer. */
  #pass(response: ServerResponse): Promise<void> {
    if (this.#passes > 0) {
      this.#passes -= 1
      return Promise.resolve()
    }
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      response.once('close', () => {
        const at = this.#waiting.indexOf(resolve)
        if (at >= 0) this.#waiting.splice(at, 1)
        resolve()
      })
    })
  }

  #cut(response: ServerResponse): void {
    this.#answers.delete(response)
    response.destroy()
  }
}

/** Whether the connection took the bytes: each write is a piece of its own on the wire. */
function taken(response: ServerResponse, bytes: Uint8Array): Promise<boolean> {
  return new Promise((resolve) => {
    const gone = (): void => resolve(false)
    response.once('close', gone)
    response.write(bytes, (error) => {
      response.off('close', gone)
      // A turn of the event loop in between, so that two writes are not sent as one.
      setImmediate(() => resolve(error === undefined || error === null))
    })
  })
}
