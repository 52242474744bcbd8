/** The provider of the simulation: plays each call's script in virtual time, under the gateway's own timeouts. */
import type {
  BodyEnd,
  Provider,
  StopSignal,
  UpstreamAnswer,
  UpstreamBody,
  UpstreamRequest,
} from '../../../src/providers/provider.ts'
import type { VirtualTime } from '../virtual-time.ts'
import type { SimulatedCall } from './call.ts'
import type { Script } from './script.ts'

export interface Stage {
  readonly time: VirtualTime
  /** The call that a client's signal belongs to. */
  callOf(signal: StopSignal): SimulatedCall
  /** Called as the request arrives: what must hold by then is looked at. */
  arrived(call: SimulatedCall, request: UpstreamRequest): void
  /** Whether the gateway that serves the call is dead: then it hears of nothing any more. */
  isDead(call: SimulatedCall): boolean
  /** Where a process may die. */
  effect(call: SimulatedCall, kind: string): void
}

type Answers = Extract<Script, { kind: 'answers' }>

export function simulatedProvider(name: string, stage: Stage): Provider {
  return {
    name,
    send: (request) => new Conversation(stage, request).start(),
    close: async () => {},
  }
}

/** One request and its answer. */
class Conversation {
  readonly #stage: Stage
  readonly #request: UpstreamRequest
  readonly #call: SimulatedCall
  readonly #sentAt: number

  constructor(stage: Stage, request: UpstreamRequest) {
    this.#stage = stage
    this.#request = request
    this.#call = stage.callOf(request.signal)
    this.#sentAt = stage.time.now
  }

  start(): Promise<UpstreamAnswer> {
    const { signal, timeouts } = this.#request
    const { provider, script } = this.#call
    return new Promise((resolve) => {
      if (signal.aborted) {
        resolve({ kind: 'aborted', sent: false })
        return
      }
      // The dead send nothing.
      if (this.#stage.isDead(this.#call)) return
      this.#stage.arrived(this.#call, this.#request)
      const conclude = (answer: UpstreamAnswer): void => {
        limit.close()
        answering?.close()
        signal.removeEventListener('abort', onAbort)
        if (!this.#stage.isDead(this.#call)) resolve(answer)
      }
      const onAbort = (): void => {
        provider.end = 'aborted'
        conclude({ kind: 'aborted', sent: true })
      }
      signal.addEventListener('abort', onAbort)
      const limitMs = Math.min(timeouts.headersMs, timeouts.totalMs)
      const limit = this.#stage.time.after(limitMs, () => {
        provider.end = 'timed_out'
        conclude({ kind: 'timed_out' })
      })
      const answering =
        script.kind === 'no_answer' && script.how === 'silent'
          ? null
          : this.#stage.time.after(script.afterMs, () => conclude(this.#answer()))
    })
  }

  #answer(): UpstreamAnswer {
    const { script, provider } = this.#call
    this.#stage.effect(this.#call, 'provider answers')
    switch (script.kind) {
      case 'no_answer':
        provider.end = 'unreachable'
        return { kind: 'unreachable', sent: script.how === 'reset', detail: 'ECONNRESET' }
      case 'status': {
        const text = JSON.stringify({ error: { message: `status ${script.status}` } })
        const body = this.#body(Buffer.from(text), {
          end: 'ended',
          chunkBytes: [64],
          pausesMs: [0],
        })
        return { kind: 'answered', status: script.status, header: () => undefined, body }
      }
      case 'answers': {
        const whole = Buffer.concat(script.pieces.map(({ bytes }) => bytes))
        const body = this.#body(whole.subarray(0, script.bytes), script)
        const { contentType } = script
        const header = (name: string) => (name === 'content-type' ? contentType : undefined)
        return { kind: 'answered', status: 200, header, body }
      }
    }
  }

  #body(bytes: Buffer, how: Pick<Answers, 'end' | 'chunkBytes' | 'pausesMs'>): UpstreamBody {
    const totalMs = this.#sentAt + this.#request.timeouts.totalMs
    return new PlayedBody(this.#stage, this.#request, this.#call, { ...how, bytes, until: totalMs })
  }
}

interface Playing extends Pick<Answers, 'end' | 'chunkBytes' | 'pausesMs'> {
  readonly bytes: Buffer
  /** Virtual milliseconds at which the whole call has lasted too long. */
  readonly until: number
}

class PlayedBody implements UpstreamBody {
  readonly #stage: Stage
  readonly #request: UpstreamRequest
  readonly #call: SimulatedCall
  readonly #how: Playing
  #sent = 0
  #chunks = 0
  #paused = false
  #end: ((end: BodyEnd) => void) | null = null
  #reader: (chunk: Uint8Array) => boolean = () => true
  readonly #timers: { close(): unknown }[] = []
  #idle: { close(): unknown } | null = null

  constructor(stage: Stage, request: UpstreamRequest, call: SimulatedCall, how: Playing) {
    this.#stage = stage
    this.#request = request
    this.#call = call
    this.#how = how
  }

  read(reader: (chunk: Uint8Array) => boolean): Promise<BodyEnd> {
    const { signal } = this.#request
    return new Promise((resolve) => {
      this.#reader = reader
      const onAbort = (): void => this.#conclude({ kind: 'aborted' })
      this.#end = (end) => {
        signal.removeEventListener('abort', onAbort)
        if (!this.#stage.isDead(this.#call)) resolve(end)
      }
      if (signal.aborted) return onAbort()
      signal.addEventListener('abort', onAbort)
      const leftMs = Math.max(0, this.#how.until - this.#stage.time.now)
      this.#after(leftMs, () => this.#conclude({ kind: 'stalled' }))
      this.#beginIdle()
      this.#next()
    })
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#beginIdle()
    this.#next()
  }

  cancel(): void {
    this.#conclude({ kind: 'aborted' })
  }

  #next(): void {
    const { pausesMs, end, bytes } = this.#how
    const pauseMs = pausesMs[this.#chunks % pausesMs.length] ?? 0
    if (this.#sent < bytes.length) {
      this.#after(pauseMs, () => this.#deliver())
    } else if (end === 'ended') {
      this.#after(pauseMs, () => this.#conclude({ kind: 'ended' }))
    } else if (end === 'broken') {
      this.#after(pauseMs, () => this.#conclude({ kind: 'broken', detail: 'ECONNRESET' }))
    }
  }

  #deliver(): void {
    if (this.#end === null || this.#paused) return
    const { chunkBytes, bytes } = this.#how
    const size = chunkBytes[this.#chunks % chunkBytes.length] ?? 1
    const chunk = bytes.subarray(this.#sent, this.#sent + size)
    this.#sent += chunk.length
    this.#chunks += 1
    this.#call.provider.taken = this.#sent
    this.#call.provider.lastAt = this.#stage.time.now
    this.#stage.effect(this.#call, 'provider sends')
    if (this.#stage.isDead(this.#call)) return
    this.#beginIdle()
    if (this.#reader(chunk)) this.#next()
    else {
      this.#paused = true
      this.#idle?.close()
    }
  }

  #beginIdle(): void {
    this.#idle?.close()
    this.#idle = this.#stage.time.after(this.#request.timeouts.idleMs, () =>
      this.#conclude({ kind: 'stalled' }),
    )
  }

  #after(ms: number, task: () => void): void {
    this.#timers.push(this.#stage.time.after(ms, task))
  }

  #conclude(end: BodyEnd): void {
    if (this.#end === null) return
    for (const timer of this.#timers) timer.close()
    this.#idle?.close()
    this.#call.provider.end = end.kind
    const resolve = this.#end
    this.#end = null
    resolve(end)
  }
}
