/**
 * A withdrawal in its two steps, and taking one back. The chain alone says how it stands; the gateway is asked only what
 * is spent and not settled yet. Source: chain contract, "Instructions"; property C8.
 */
import { bookedBalance } from '../../chain/accounts.ts'
import { vaultAddress } from '../../chain/addresses.ts'
import { formatUsdc, least, parseUnits, parseUsdc, type Units, units, ZERO } from '../../money.ts'
import { Level5Error } from '../level5-error.ts'
import { drive, sightFrom, type VaultWork, withdrawalFailed } from './drive.ts'
import type { Progress } from './progress.ts'
import type { VaultSight } from './sight.ts'
import { pendingStep, type Step } from './step.ts'

/** Give `usdc`, `units` or `all`; while a request is pending, that one is gone on with. */
export interface WithdrawWish {
  /** As a person writes it: `"5"`, `"0.25"`. */
  readonly usdc?: string
  /** Atomic units, as a bigint or a decimal string. */
  readonly units?: bigint | string
  /** Everything that is neither spent nor held, by the gateway's account; `exitVault` asks nobody. */
  readonly all?: true
  /** False: leave after the request; the same call later goes on. Default true: wait out the delay. */
  readonly wait?: boolean
  readonly onProgress?: (progress: Progress) => void
}

/** Amounts are decimal strings of units. */
export interface WithdrawResult {
  readonly vault: string
  /** `requested`: the delay runs. `withdrawn`: it is in the wallet. */
  readonly state: 'requested' | 'withdrawn'
  /** Of the request, or what came out of it: a settlement in between lowers it. */
  readonly amount: string
  /** RFC 3339 UTC. */
  readonly withdrawable_at: string | null
  /** What stays in the vault, spent or not. */
  readonly left_in_vault: string
  readonly signatures: readonly string[]
}

/** What the gateway says is the agent's to take out: available and frozen. */
export type Unspent = () => Promise<Units>

/**
 * Requests, waits out the delay, withdraws into the agent's own token account, made if missing. Throws `invalid_option`
 * and `withdrawal_failed` (more than there is, another request pending, no SOL), `unreachable`.
 */
export async function withdraw(
  work: VaultWork,
  wish: WithdrawWish,
  unspent: Unspent,
): Promise<WithdrawResult> {
  const { program, gateway, agent } = work.parties
  const address = vaultAddress(program, gateway, agent).toBase58()
  const first = await sightFrom(work, 0, 'confirmed')
  if (first.vault === null) throw withdrawalFailed(`there is no vault ${address} to withdraw from`)
  const { withdrawn, pendingWithdrawal } = first.vault
  const wished = await wishedAmount(wish, first, unspent)
  const amount = pendingWithdrawal > ZERO ? pendingWithdrawal : wished
  const told: Progress[] = []
  const run = { amount, withdrawn, wait: wish.wait ?? true, requested: pendingWithdrawal > ZERO }
  const final = await drive(
    work,
    (sight) => nextStep(sight, run),
    (progress) => {
      if (progress.stage === 'requested') run.requested = true
      told.push(progress)
      wish.onProgress?.(progress)
    },
  )
  const { vault } = final
  const taken = (vault?.withdrawn ?? 0n) - withdrawn
  const pending = vault?.pendingWithdrawal ?? 0n
  if (run.wait && taken === 0n) {
    throw withdrawalFailed('the request came to nothing: it was cancelled, or settled away')
  }
  return {
    vault: address,
    state: run.wait ? 'withdrawn' : 'requested',
    amount: (run.wait ? taken : pending).toString(),
    withdrawable_at: pending === 0n ? null : instant(vault?.withdrawableAtSeconds ?? 0n),
    left_in_vault: (vault === null ? 0n : bookedBalance(vault)).toString(),
    signatures: told.flatMap((step) => (step.stage === 'waiting' ? [] : [step.signature])),
  }
}

/** Takes a pending request back; `amount` is null where none is pending. Throws as `withdraw`. */
export async function cancelWithdrawal(
  work: VaultWork,
): Promise<{ readonly amount: string | null; readonly signature: string | null }> {
  let cancelled: { amount: string; signature: string } | null = null
  await drive(
    work,
    ({ vault }) => ({ kind: (vault?.pendingWithdrawal ?? 0n) > 0n ? 'cancel' : 'done' }),
    (progress) => {
      if (progress.stage === 'cancelled') cancelled = progress
    },
  )
  return cancelled === null ? { amount: null, signature: null } : outcomeOf(cancelled)
}

function outcomeOf({ amount, signature }: { amount: string; signature: string }) {
  return { amount, signature }
}

interface Run {
  readonly amount: Units
  /** The vault's total before. */
  readonly withdrawn: Units
  readonly wait: boolean
  readonly requested: boolean
}

function nextStep(sight: VaultSight, { amount, withdrawn, wait, requested }: Run): Step {
  const { vault } = sight
  if (vault === null || vault.withdrawn > withdrawn) return { kind: 'done' }
  if (vault.pendingWithdrawal > ZERO) return wait ? pendingStep(sight, vault) : { kind: 'done' }
  return requested ? { kind: 'done' } : { kind: 'request', amount }
}

async function wishedAmount(
  { usdc, units: asked, all }: WithdrawWish,
  { vault }: VaultSight,
  unspent: Unspent,
): Promise<Units> {
  if ([usdc, asked, all].filter((given) => given !== undefined).length !== 1) {
    throw new Level5Error('invalid_option', 'a withdrawal takes one of `usdc`, `units`, `all`')
  }
  const booked = vault === null ? ZERO : bookedBalance(vault)
  const pending = vault?.pendingWithdrawal ?? ZERO
  if (all === true) {
    // A request that is pending needs nobody's word.
    const amount = pending > ZERO ? booked : least(booked, await unspent())
    if (amount === ZERO) throw withdrawalFailed('there is nothing to withdraw: all of it is spent')
    return amount
  }
  const amount = usdc === undefined ? parseUnits(String(asked)) : parseUsdc(usdc)
  if (amount === null || amount === ZERO) {
    throw new Level5Error(
      'invalid_option',
      `withdraw: ${usdc ?? asked} is not an amount above zero`,
    )
  }
  if (pending > amount) {
    const held = `${formatUsdc(pending)} USDC are requested already`
    throw withdrawalFailed(`${held}: cancel that first, or withdraw at least as much`)
  }
  if (amount > booked) {
    const has = `the vault has ${formatUsdc(booked)} USDC that are not settled`
    throw withdrawalFailed(`${has}, not ${formatUsdc(amount)}`)
  }
  return units(amount)
}

function instant(seconds: bigint): string {
  return new Date(Number(seconds) * 1000).toISOString()
}
