/**
 * Reads the vault program's events of an address, finalized only, with the block time of each. Times come from the list
 * of signatures: of transactions, local validators state them in another unit. Source: chain contract, "Watching".
 */
import type { Connection, PublicKey } from '@solana/web3.js'
import { type ChainEvent, decodeTransaction, initializesGateway } from '../../chain/events.ts'
import type { Surroundings } from '../clock.ts'
import { patiently } from '../vault/drive.ts'

export interface TimedEvent {
  readonly event: ChainEvent
  readonly transaction: string
  readonly slot: number
  /** Unix seconds, or null where the node does not say. */
  readonly timeSeconds: number | null
  /** Whether the gateway was created in this transaction. */
  readonly createsGateway: boolean
}

export interface LogSource {
  readonly rpc: Connection
  readonly program: PublicKey
  readonly gateway: PublicKey
  readonly surroundings: Surroundings
}

const PAGE = 1000
const PARALLEL = 8

interface Row {
  readonly signature: string
  readonly slot: number
  readonly timeSeconds: number | null
}

/**
 * Reads newest first, page by page, until `enough` of what was read so far, `limit` transactions, or the end of what the
 * node has. Throws `unreachable` where the node does not answer for long.
 */
export async function readEvents(
  source: LogSource,
  address: PublicKey,
  enough: (events: readonly TimedEvent[]) => boolean,
  limit: number,
): Promise<TimedEvent[]> {
  const events: TimedEvent[] = []
  let before: string | undefined
  for (let read = 0; read < limit; ) {
    const options = before === undefined ? { limit: PAGE } : { limit: PAGE, before }
    const page = await patiently(source.surroundings, () =>
      source.rpc.getSignaturesForAddress(address, options, 'finalized'),
    )
    const rows = page
      .filter(({ err, confirmationStatus }) => err === null && confirmationStatus === 'finalized')
      .map(({ signature, slot, blockTime }) => ({
        signature,
        slot,
        timeSeconds: blockTime ?? null,
      }))
    for (let start = 0; start < rows.length; start += PARALLEL) {
      const group = rows.slice(start, start + PARALLEL)
      events.push(...(await Promise.all(group.map((row) => eventsOf(source, row)))).flat())
    }
    read += page.length
    before = page.at(-1)?.signature
    if (page.length < PAGE || enough(events)) break
  }
  return events
}

/** Nothing where the node lists a transaction that it does not have, or that cannot be read: then the totals tell. */
async function eventsOf(source: LogSource, row: Row): Promise<TimedEvent[]> {
  const { rpc, program, gateway, surroundings } = source
  const options = { commitment: 'finalized', maxSupportedTransactionVersion: 1 } as const
  const { found } = await patiently(surroundings, async () => ({
    found: await rpc.getTransaction(row.signature, options),
  }))
  if (found === null) return []
  try {
    const decoded = decodeTransaction(found, program)
    if (decoded.kind === 'failed') return []
    const createsGateway = initializesGateway(found, program, gateway)
    const { signature: transaction, slot, timeSeconds } = row
    return decoded.events.map((event) => ({
      event,
      transaction,
      slot,
      timeSeconds,
      createsGateway,
    }))
  } catch {
    return []
  }
}
