/** Who waits for the answer of a simulated call: keeps what it is sent, reads slowly, leaves when it likes. */
import { ERRORS } from '../../../src/errors.ts'
import type { Client } from '../../../src/request/exchange.ts'
import type { Departure } from '../../../src/routes/departure.ts'
import type { SimulatedCall } from '../calls/call.ts'
import type { VirtualTime } from '../virtual-time.ts'

export interface ClientStage {
  readonly time: VirtualTime
  isDead(call: SimulatedCall): boolean
  effect(call: SimulatedCall, kind: string): void
  /** The client has seen the end of its stream. */
  sawEnd(call: SimulatedCall): void
  /** The client has what tells it that the call is charged. */
  acknowledged(call: SimulatedCall): void
  refused(call: SimulatedCall, payment: PaymentSeen | null): void
}

/** The last words of each format's streams. Whoever has them may rely on the balance. */
const STREAM_END =
  /data: \[DONE\]|"type":"(response\.(completed|incomplete|failed)|message_stop|error)"|"error":\{/

export interface PaymentSeen {
  readonly required: bigint
  readonly available: bigint
  readonly signed: bigint | null
}

/** How long a slow client needs to catch up; 0: it is fast. */
export function simulatedClient(
  stage: ClientStage,
  call: SimulatedCall,
  departure: Departure,
  slowMs: number,
): { readonly client: Client; leave(): void } {
  const side = call.client
  const drains: (() => void)[] = []
  /** Nobody hears a dead process, and nobody hears who left. */
  const deaf = (): boolean => stage.isDead(call) || side.leftAt !== null || side.end !== null
  let writes = 0
  const leave = (): void => {
    if (side.end !== null || side.leftAt !== null) return
    side.leftAt = stage.time.now
    departure.leave('client_left')
  }
  const client: Client = {
    signal: departure,
    tell: () => {},
    refuse(refusal, payment) {
      stage.effect(call, 'refusal')
      if (deaf()) return
      side.status = ERRORS[refusal.code].status
      side.code = refusal.code
      side.end = 'refused'
      stage.refused(
        call,
        payment === undefined
          ? null
          : {
              required: payment.required,
              available: payment.available,
              signed: payment.authorize?.signed ?? null,
            },
      )
    },
    answer(status, headers, body) {
      stage.effect(call, 'answer')
      if (deaf()) return
      Object.assign(side, { status, headers, end: 'answered' })
      side.chunks.push(Buffer.from(body))
      if (status === 200) stage.acknowledged(call)
    },
    start(status, headers) {
      stage.effect(call, 'answer begins')
      if (deaf()) return
      Object.assign(side, { status, headers })
    },
    write(bytes) {
      stage.effect(call, 'write')
      if (deaf()) return true
      if (bytes.length > 0) side.chunks.push(Buffer.from(bytes))
      if (STREAM_END.test(Buffer.from(bytes).toString())) stage.sawEnd(call)
      writes += 1
      // It leaves a moment later: nobody hangs up inside a write.
      if (writes === side.leavesAfterWrites) stage.time.after(0, leave)
      if (slowMs === 0 || writes % 3 !== 0) return true
      stage.time.after(slowMs, () => {
        if (!deaf()) for (const drain of drains) drain()
      })
      return false
    },
    onDrain: (listener) => void drains.push(listener),
    onClose: (listener) => listener(),
    finish() {
      stage.effect(call, 'end of stream')
      if (deaf()) return
      side.end = 'finished'
      stage.acknowledged(call)
    },
    cut() {
      if (!deaf()) side.end = 'cut'
    },
  }
  return { client, leave }
}
