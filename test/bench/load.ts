/**
 * The load of a bench, a process of its own: sends prepared requests over so many connections, each as soon as the one before
 * it is answered. Takes one job after another from the process that forked it and tells what it measured. Requests are signed
 * before the clock starts.
 */
import { connect, type Socket } from 'node:net'
import { AnswerReader } from './http-answer.ts'
import { type Credential, requestHeads } from './request-heads.ts'
import { percentile } from './statistics.ts'

export interface Job {
  /** Connections are dealt out to these in turn. */
  readonly ports: readonly number[]
  readonly path: string
  readonly credential: Credential
  readonly body: string
  readonly connections: number
  readonly requests: number
}

export interface Measured {
  readonly seconds: number
  readonly latencyMs: { readonly median: number; readonly p99: number }
  /** From the request's last byte to the answer's first: of the body, not of the head. */
  readonly firstByteMs: { readonly median: number; readonly p99: number }
}

/** Told once all is signed and every connection stands; the job starts at the answer. */
export type FromLoad =
  | { readonly kind: 'ready' }
  | ({ readonly kind: 'done' } & Measured)
  | { readonly kind: 'failed'; readonly message: string }
export type ToLoad = { readonly kind: 'prepare'; readonly job: Job } | { readonly kind: 'start' }

/** An answer that pauses for longer will not come. */
const IDLE_MS_MAX = 60_000

interface Timings {
  readonly latencies: Float64Array
  readonly firstBytes: Float64Array
}

/** Sends the next request on a connection until none is left. */
function work(
  socket: Socket,
  heads: Iterator<[number, Buffer]>,
  body: Buffer,
  timings: Timings,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let reader = new AnswerReader()
    let index = 0
    let sentAt = 0
    let firstByteAt = 0
    function next(): void {
      const { value, done } = heads.next()
      if (done) {
        resolve()
        return
      }
      index = value[0]
      reader = new AnswerReader()
      firstByteAt = 0
      socket.cork()
      socket.write(value[1])
      socket.write(body)
      socket.uncork()
      sentAt = performance.now()
    }
    socket.on('data', (data: Buffer) => {
      const answered = reader.push(data)
      if (firstByteAt === 0 && reader.bodyBytes > 0) firstByteAt = performance.now()
      if (answered === null) return
      if (answered.status !== 200) {
        reject(new Error(`${answered.status}: ${answered.body.slice(0, 500)}`))
        return
      }
      timings.latencies[index] = performance.now() - sentAt
      timings.firstBytes[index] = firstByteAt - sentAt
      next()
    })
    socket.setTimeout(IDLE_MS_MAX, () => socket.destroy())
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('the connection was closed before its answer')))
    next()
  })
}

function opened(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    socket.once('connect', () => resolve(socket))
    socket.once('error', reject)
  })
}

async function prepare(job: Job): Promise<() => Promise<Measured>> {
  const body = Buffer.from(job.body)
  const heads = requestHeads(job, body)
  const sockets = await Promise.all(
    Array.from({ length: job.connections }, (_, index) =>
      opened(job.ports[index % job.ports.length] ?? 0),
    ),
  )
  return async () => {
    const latencies = new Float64Array(job.requests)
    const firstBytes = new Float64Array(job.requests)
    const queue = heads.entries()
    const start = performance.now()
    try {
      await Promise.all(
        sockets.map((socket) => work(socket, queue, body, { latencies, firstBytes })),
      )
      const seconds = (performance.now() - start) / 1000
      return { seconds, latencyMs: summary(latencies), firstByteMs: summary(firstBytes) }
    } finally {
      for (const socket of sockets) socket.removeAllListeners('close').destroy()
    }
  }
}

function summary(figures: Float64Array) {
  const sorted = figures.toSorted()
  return { median: percentile(sorted, 0.5), p99: percentile(sorted, 0.99) }
}

let run: (() => Promise<Measured>) | null = null

async function obey(message: ToLoad): Promise<FromLoad> {
  if (message.kind === 'prepare') {
    run = await prepare(message.job)
    return { kind: 'ready' }
  }
  if (run === null) throw new Error('nothing was prepared')
  return { kind: 'done', ...(await run()) }
}

process.on('message', (message: ToLoad) => {
  obey(message).then(
    (answer) => process.send?.(answer),
    (error: Error) => process.send?.({ kind: 'failed', message: error.message } satisfies FromLoad),
  )
})
process.once('disconnect', () => process.exit())
process.send?.({ kind: 'ready' } satisfies FromLoad)
