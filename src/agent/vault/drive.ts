/**
 * Brings a vault forward step by step. Every step is decided anew from what the chain says, so it does not matter whether
 * an answer was lost, a blockhash ran out, the run before was killed, or somebody else changed the vault in between.
 */
import { type Connection, PublicKey } from '@solana/web3.js'
import type { VaultParties } from '../../chain/instructions.ts'
import type { Surroundings } from '../clock.ts'
import { broadcast, follow } from '../follow-transaction.ts'
import type { Signer } from '../key.ts'
import { Level5Error } from '../level5-error.ts'
import { signTransaction } from '../sign-transaction.ts'
import { type Progress, progressOf } from './progress.ts'
import { readSight, type VaultSight } from './sight.ts'
import { type Action, instructionsOf, type Step } from './step.ts'

export interface VaultWork {
  readonly rpc: Connection
  readonly parties: VaultParties
  readonly signer: Signer
  readonly surroundings: Surroundings
}

/** Chooses what to do next about what is seen. */
export type Decide = (sight: VaultSight) => Step

/** How long a node may be away before the run ends; the next run goes on from there. */
const OUTAGE_MS = 120_000
const RETRY_MS = 500
/** A transaction that is neither seen nor expired after this long is decided anew. */
const LANDING_MS = 180_000
/** So often in a row a step may fail: the vault changed in between, as a settlement does. */
const FAILURES_MAX = 5
const WAIT_POLL_MS_MIN = 200
const WAIT_POLL_MS_MAX = 30_000
/** A long wait is looked at this many times. */
const WAIT_POLLS = 20n

/** The fee of one signature, in lamports. */
const FEE_LAMPORTS = 5_000n
/** Rent of an empty account, which a wallet must keep, and of a token account: the same on every cluster. */
const WALLET_RENT_LAMPORTS = 890_880n
const TOKEN_ACCOUNT_RENT_LAMPORTS = 2_039_280n
/** Rent of a vault and its token account, with room. */
const VAULT_RENT_LAMPORTS = 5_000_000n

/**
 * Works until `decide` says that it is done, at `finalized`. Throws `withdrawal_failed` (no SOL for the fee, or the
 * program refuses) and `unreachable`; what landed stays, and running again goes on from there.
 */
export async function drive(
  work: VaultWork,
  decide: Decide,
  report: (progress: Progress) => void,
): Promise<VaultSight> {
  let slot = 0
  let failures = 0
  for (;;) {
    const sight = await sightFrom(work, slot, 'confirmed')
    const step = decide(sight)
    if (step.kind === 'done') {
      const final = await sightFrom(work, slot, 'finalized')
      if (decide(final).kind === 'done') return final
      await work.surroundings.sleep(RETRY_MS)
      continue
    }
    if (step.kind === 'wait') {
      report({ stage: 'waiting', ...waitOf(step.until, sight) })
      await work.surroundings.sleep(pollMs(step.until - sight.clockSeconds))
      continue
    }
    const landed = await perform(work, step, sight)
    if (landed.kind === 'landed') {
      slot = landed.slot
      failures = 0
      const after = await sightFrom(work, slot, 'confirmed')
      report(progressOf(step, landed.signature, sight, after))
    } else {
      failures += 1
      if (failures === FAILURES_MAX) throw withdrawalFailed(`${step.kind}: ${landed.reason}`)
      await work.surroundings.sleep(RETRY_MS)
    }
  }
}

/** Waits for a reading of this slot or a later one; a node that lags or is away is asked again. */
export async function sightFrom(
  { rpc, parties, surroundings }: VaultWork,
  slot: number,
  commitment: 'confirmed' | 'finalized',
): Promise<VaultSight> {
  return await patiently(surroundings, async () => {
    const sight = await readSight(rpc, parties, commitment)
    return sight.slot < slot ? null : sight
  })
}

type Performed =
  | { readonly kind: 'landed'; readonly signature: string; readonly slot: number }
  | { readonly kind: 'failed'; readonly reason: string }

async function perform(work: VaultWork, action: Action, sight: VaultSight): Promise<Performed> {
  const { rpc, parties, signer, surroundings } = work
  checkSol(work, action, sight)
  const instructions = instructionsOf(action, parties)
  const sign = () => signTransaction(rpc, instructions, signer, surroundings.freshNonce())
  const signed = await patiently(surroundings, sign)
  const sent = await broadcast(rpc, signed)
  if (sent.kind === 'refused') return { kind: 'failed', reason: sent.reason }
  const deadline = surroundings.now() + LANDING_MS
  const patience = { commitment: 'confirmed', deadline } as const
  const followed = await follow(rpc, signed, surroundings, patience)
  const { signature } = signed
  switch (followed.kind) {
    case 'landed':
      return { kind: 'landed', signature, slot: followed.slot }
    case 'failed':
      return { kind: 'failed', reason: `${signature}: ${JSON.stringify(followed.error)}` }
    case 'expired':
    case 'late':
      return { kind: 'failed', reason: `${signature} has not landed` }
  }
}

/** Asks until there is an answer other than null. Throws `unreachable` after two minutes without any. */
export async function patiently<T>(
  { now, sleep }: Pick<Surroundings, 'now' | 'sleep'>,
  ask: () => Promise<T | null>,
): Promise<T> {
  const deadline = now() + OUTAGE_MS
  for (;;) {
    let cause: unknown
    try {
      const answer = await ask()
      if (answer !== null) return answer
    } catch (error) {
      if (error instanceof Level5Error) throw error
      cause = error
    }
    if (now() >= deadline) {
      const why = cause instanceof Error ? cause.message : 'it lags behind'
      const advice = 'run it again: it goes on where it stopped'
      throw new Level5Error('unreachable', `the RPC node: ${why}; ${advice}`, { cause })
    }
    await sleep(RETRY_MS)
  }
}

function checkSol({ parties }: VaultWork, action: Action, sight: VaultSight): void {
  const account = action.kind === 'withdraw' && !sight.hasTokenAccount
  const rent =
    (account ? TOKEN_ACCOUNT_RENT_LAMPORTS : 0n) +
    (action.kind === 'open' ? VAULT_RENT_LAMPORTS : 0n)
  const needed = FEE_LAMPORTS + rent + WALLET_RENT_LAMPORTS
  if (sight.walletLamports >= needed) return
  const why = account ? 'the fee and the rent of its own token account' : 'the fee'
  throw withdrawalFailed(
    `the wallet ${new PublicKey(parties.agent)} has ${sight.walletLamports} lamports and needs ${needed} ` +
      `(${why}, and what a wallet must keep): send it SOL and run this again; it goes on where it stopped`,
  )
}

function waitOf(until: bigint, { clockSeconds, vault }: VaultSight) {
  return {
    amount: (vault?.pendingWithdrawal ?? 0n).toString(),
    withdrawable_at: new Date(Number(until) * 1000).toISOString(),
    seconds_left: Number(until - clockSeconds),
  }
}

function pollMs(secondsLeft: bigint): number {
  const ms = Number((secondsLeft * 1000n) / WAIT_POLLS)
  return Math.min(Math.max(ms, WAIT_POLL_MS_MIN), WAIT_POLL_MS_MAX)
}

export function withdrawalFailed(why: string): Level5Error {
  return new Level5Error('withdrawal_failed', why)
}
