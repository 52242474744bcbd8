/** What clients are told, held to the books at that instant. */
import type { SimulatedCall } from '../calls/call.ts'
import type { PaymentSeen } from '../gateway/client.ts'
import type { Tally } from '../tally.ts'
import type { Arrivals } from './arrivals.ts'
import type { Keys } from './keys.ts'
import type { Rows } from './rows.ts'
import { must } from './violation.ts'

export interface ToldParts {
  readonly rows: () => Rows
  readonly arrivals: Arrivals
  readonly keys: Keys
  readonly tally: Tally
  /** An agent keeps the receipt that came with its answer. */
  readonly keep: (agent: string, receipt: unknown) => void
  /** Runs a check where throwing would only be caught by the product. */
  readonly check: (check: () => void) => void
}

export class Told {
  readonly #parts: ToldParts

  constructor(parts: ToldParts) {
    this.#parts = parts
  }

  /** The client has been told that its call is charged: then it is on the books. */
  acknowledged = (call: SimulatedCall): void => {
    const { rows, keys, tally, check, keep } = this.#parts
    const { requestId, agent, client, disturbances } = call
    if (client.headers['idempotent-replayed'] !== undefined) {
      tally.outcome('answered again, under its key')
      check(() => keys.replayed(call))
      return
    }
    check(() => {
      const charge = rows().chargeOf(requestId)
      const told = client.headers['x-charge']
      must(charge !== undefined, 'L8', () => `${requestId} was answered and is not charged`)
      // What the sweeper charged in the meantime stands.
      const swept = disturbances.size > 0
      const same = told === undefined || told === `${charge}` || swept
      must(same, 'M2', () => `${requestId} was told ${told} and charged ${charge}`)
      const receipt = client.headers['x-receipt']
      if (receipt !== undefined) keep(agent, JSON.parse(Buffer.from(receipt, 'base64').toString()))
    })
  }

  /** The client has seen its stream end, which was withheld until the charge is durable. */
  sawEnd = ({ requestId, client }: SimulatedCall): void => {
    const id = client.headers['x-request-id'] ?? requestId
    this.#parts.check(() => {
      const isCharged = this.#parts.rows().chargeOf(id) !== undefined
      must(isCharged, 'L8', () => `the stream of ${id} has ended and is not charged`)
    })
  }

  refused = (call: SimulatedCall, payment: PaymentSeen | null): void => {
    const { arrivals, keys, check } = this.#parts
    check(() => {
      arrivals.refused(call, payment)
      keys.refused(call)
    })
  }
}
