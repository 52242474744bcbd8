/** What a settling transaction cost and paid, as the chain recorded it. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Connection, PublicKey } from '@solana/web3.js'
import { decodeTransaction } from '../src/chain/events.ts'
import type { Units } from '../src/money.ts'

/** A transaction that was executed, and so cost its fee. */
export interface SentTransaction {
  readonly signature: string
  /** How many vaults it was to settle. */
  readonly vaults: number
  /** Whether it did; else only its fee is gone. */
  readonly landed: boolean
  /** What it took from its payer, with the rent of what it opened. Null where no node gave the record. */
  readonly feeLamports: number | null
  readonly computeUnits: number | null
}

interface Recorded {
  readonly transaction: SentTransaction
  /** By vault: what its settlement paid. */
  readonly amounts: ReadonlyMap<string, Units>
}

const TRIES = 20
const PAUSE_MS = 200

/** Reads the record of an executed transaction. A node that lacks it is asked again, for a while. */
export async function readSent(
  rpc: Connection,
  program: PublicKey,
  sent: Pick<SentTransaction, 'signature' | 'vaults' | 'landed'>,
  signal: AbortSignal,
): Promise<Recorded> {
  for (let tries = 0; tries < TRIES && !signal.aborted; tries += 1) {
    const recorded = await readOnce(rpc, program, sent).catch(() => null)
    if (recorded !== null) return recorded
    await pause(PAUSE_MS)
  }
  return { transaction: { ...sent, feeLamports: null, computeUnits: null }, amounts: new Map() }
}

async function readOnce(
  rpc: Connection,
  program: PublicKey,
  sent: Pick<SentTransaction, 'signature' | 'vaults' | 'landed'>,
): Promise<Recorded | null> {
  const options = { commitment: 'confirmed', maxSupportedTransactionVersion: 1 } as const
  const record = await rpc.getTransaction(sent.signature, options)
  if (record?.meta == null) return null
  const decoded = decodeTransaction(record, program)
  const events = decoded.kind === 'decoded' ? decoded.events : []
  const { preBalances, postBalances, computeUnitsConsumed = null } = record.meta
  // The payer comes first. The embedded validator's own figure leaves out the precompile's signatures.
  const feeLamports = (preBalances[0] ?? 0) - (postBalances[0] ?? 0)
  return {
    transaction: { ...sent, feeLamports, computeUnits: computeUnitsConsumed },
    amounts: new Map(
      events.flatMap((event) => (event.kind === 'settlement' ? [[event.vault, event.amount]] : [])),
    ),
  }
}
