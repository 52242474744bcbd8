/** Idempotency keys: one charge however many retries, and the same answer to each [A4]. */
import type { SimulatedCall } from '../calls/call.ts'
import type { EndedRow } from './rows.ts'
import { must } from './violation.ts'

export class Keys {
  readonly #calls: ReadonlyMap<string, SimulatedCall>
  /** By agent and key: the call that was charged. */
  readonly #charged = new Map<string, EndedRow>()

  constructor(calls: ReadonlyMap<string, SimulatedCall>) {
    this.#calls = calls
  }

  ended(call: SimulatedCall, row: EndedRow): void {
    if (call.key === null || row.state !== 'settled') return
    const name = `${call.agent} ${call.key}`
    const before = this.#charged.get(name)
    must(
      before === undefined,
      'A4',
      () => `${call.key} is charged to ${before?.request_id} and ${row.request_id}`,
    )
    this.#charged.set(name, row)
  }

  /** An answer was sent again: that of the call that was charged, byte for byte. */
  replayed(call: SimulatedCall): void {
    const { headers, chunks } = call.client
    const row = this.#charged.get(`${call.agent} ${call.key}`)
    const first = this.#calls.get(headers['x-request-id'] ?? '')
    must(
      first !== undefined && first.key === call.key,
      'A4',
      () => `${call.requestId} is answered with ${first?.requestId}`,
    )
    must(
      first?.ask === call.ask,
      'A4',
      () => `${call.requestId} is answered with another request's answer`,
    )
    const isCharge = row === undefined || headers['x-charge'] === `${row.charge}`
    must(
      isCharge,
      'A4',
      () => `${call.requestId} is told ${headers['x-charge']}, charged was ${row?.charge}`,
    )
    const isWhole = first?.client.end === 'answered' || first?.client.end === 'finished'
    if (!isWhole || first === undefined) return
    const same = Buffer.concat(chunks).equals(Buffer.concat(first.client.chunks))
    must(same, 'A4', () => `${call.requestId} is sent other bytes than ${first.requestId}`)
  }
}
