/**
 * Idempotency keys: one charge however many retries, the same answer to each, and a key that is free again where nothing
 * was charged [A4].
 */
import type { SimulatedCall } from '../calls/call.ts'
import type { EndedRow, Rows } from './rows.ts'
import { must } from './violation.ts'

/** What was sent under one key of one agent. */
interface Use {
  readonly call: SimulatedCall
  /** Its place among everything that happened to keys. */
  readonly since: number
  /** Null: its hold has not ended, or it never took one. */
  end: { readonly at: number; readonly row: EndedRow } | null
}

/** Outcomes that keep no answer, or need not. */
const UNANSWERED = ['recovered', 'client_left']

export class Keys {
  readonly #calls: ReadonlyMap<string, SimulatedCall>
  /** By agent and key. */
  readonly #uses = new Map<string, Use[]>()
  /** By agent and key: the call that was charged. */
  readonly #charged = new Map<string, EndedRow>()
  /** What was refused because of its key, until the books have been looked at. */
  #refused: SimulatedCall[] = []
  #happened = 0

  constructor(calls: ReadonlyMap<string, SimulatedCall>) {
    this.#calls = calls
  }

  /** A call is about to be served. */
  begun(call: SimulatedCall): void {
    if (call.key === null) return
    const use = { call, since: this.#happened++, end: null }
    this.#uses.set(nameOf(call), [...this.#usesOf(call), use])
  }

  ended(call: SimulatedCall, row: EndedRow): void {
    if (call.key === null) return
    const use = this.#usesOf(call).find((one) => one.call === call)
    if (use !== undefined) use.end = { at: this.#happened++, row }
    if (row.state !== 'settled') return
    const name = nameOf(call)
    const before = this.#charged.get(name)
    must(
      before === undefined,
      'A4',
      () => `${call.key} is charged to ${before?.request_id} and ${row.request_id}`,
    )
    this.#charged.set(name, row)
  }

  refused(call: SimulatedCall): void {
    const { code } = call.client
    if (code !== 'request_in_progress' && code !== 'idempotency_conflict') return
    must(call.key !== null, 'A4', () => `${call.requestId} sent no key and is refused: ${code}`)
    this.#refused.push(call)
  }

  /** Every end is seen by now: whoever was refused because of a key must have met somebody who had it. */
  judgeRefused(rows: Rows): void {
    const refused = this.#refused
    this.#refused = []
    for (const call of refused) {
      const uses = this.#usesOf(call)
      const since = uses.find((one) => one.call === call)?.since ?? 0
      const hadIt = uses.filter(({ call: { requestId }, end }) => {
        return end === null ? rows.hold(requestId) !== undefined : end.at > since || isCharge(end)
      })
      const { code } = call.client
      const isDue = code === 'request_in_progress' ? hadIt.length > 0 : conflicts(call, hadIt)
      must(isDue, 'A4', () => `${call.requestId} is refused (${code}) though ${call.key} was free`)
    }
  }

  /** An answer was sent again: that of the call that was charged, byte for byte. */
  replayed(call: SimulatedCall): void {
    const { headers, chunks } = call.client
    const row = this.#charged.get(nameOf(call))
    const first = this.#calls.get(headers['x-request-id'] ?? '')
    must(
      first !== undefined && first.key === call.key,
      'A4',
      () => `${call.requestId} is answered with ${first?.requestId}`,
    )
    must(
      first?.agent === call.agent,
      'A1',
      () => `${call.requestId} is answered with what ${first?.agent} asked for`,
    )
    must(
      first?.ask === call.ask,
      'A4',
      () => `${call.requestId} is answered with another request's answer`,
    )
    const isTold = row === undefined || headers['x-charge'] === `${row.charge}`
    must(
      isTold,
      'A4',
      () => `${call.requestId} is told ${headers['x-charge']}, charged was ${row?.charge}`,
    )
    const isWhole = first?.client.end === 'answered' || first?.client.end === 'finished'
    if (!isWhole || first === undefined) return
    const same = Buffer.concat(chunks).equals(Buffer.concat(first.client.chunks))
    must(same, 'A4', () => `${call.requestId} is sent other bytes than ${first.requestId}`)
  }

  #usesOf(call: SimulatedCall): readonly Use[] {
    return this.#uses.get(nameOf(call)) ?? []
  }
}

function isCharge({ row }: { readonly row: EndedRow }): boolean {
  return row.state === 'settled'
}

/** Whether the key was taken for another request, or for a charge that has no answer to send again. */
function conflicts({ ask }: SimulatedCall, hadIt: readonly Use[]): boolean {
  return hadIt.some(({ call, end }) => {
    const { outcome } = JSON.parse(end?.row.usage_json ?? '{}') as { outcome?: string }
    return call.ask !== ask || UNANSWERED.includes(outcome ?? '')
  })
}

function nameOf({ agent, key }: SimulatedCall): string {
  return `${agent} ${key}`
}
