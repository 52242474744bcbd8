/**
 * A deposit from the agent's own wallet: open the vault if there is none, pay, wait until it is final, wait until it is
 * credited. Source: chain contract, "Instructions"; wire contract, "Money routes".
 */
import { parseUnits, parseUsdc, type Units } from '../money.ts'
import type { Surroundings } from './clock.ts'
import type { GatewayApi } from './gateway-api.ts'
import type { Signer } from './key.ts'
import { Level5Error } from './level5-error.ts'
import type { PinKeeper } from './pin-keeper.ts'
import type { Balance, TransactionPage } from './wire.ts'

export interface DepositWish {
  /** As a person writes it: `"5"`, `"0.25"`. Give this or `units`. */
  readonly usdc?: string
  /** Atomic units, as a bigint or a decimal string. */
  readonly units?: bigint | string
  readonly onProgress?: (progress: DepositProgress) => void
  /** How long to wait for the credit; default 120,000. */
  readonly timeoutMs?: number
}

/** Where a deposit stands; each stage is reported once. */
export type DepositProgress =
  | { readonly stage: 'sent'; readonly signature: string; readonly opened_vault: boolean }
  | { readonly stage: 'confirmed'; readonly slot: number }
  | { readonly stage: 'finalized'; readonly slot: number }
  | { readonly stage: 'credited'; readonly available: string }

/** A credited deposit. Amounts are decimal strings of units. */
export interface DepositResult {
  readonly signature: string
  readonly slot: number
  readonly amount: string
  readonly vault: string
  readonly deposit_address: string
  /** Whether this deposit opened the vault. */
  readonly opened_vault: boolean
  /** The balance's `available` after the credit. */
  readonly available: string
}

export interface DepositParts {
  readonly signer: Signer
  readonly pins: PinKeeper
  readonly api: GatewayApi
  /** Null: the node that the gateway names. */
  readonly rpcUrl: string | null
  readonly surroundings: Surroundings
}

const TIMEOUT_MS = 120_000
const POLL_MS = 200
const SERVER_ERROR = 500
/** A page of this many rows holds every credit that can have come since the deposit was sent. */
const ROWS_LOOKED_AT = 100

/**
 * Deposits and waits for the credit. Throws `invalid_option`, `untrusted_answer`, `unpinned`, `deposit_failed` (nothing
 * moved, or the chain says why) or `timeout` (sent; its signature is in the message).
 */
export async function makeDeposit(parts: DepositParts, wish: DepositWish): Promise<DepositResult> {
  const { pins, api, surroundings, signer } = parts
  const amount = wishedAmount(wish)
  const report = wish.onProgress ?? (() => {})
  const deadline = surroundings.now() + (wish.timeoutMs ?? TIMEOUT_MS)
  const terms = await pins.termsToPay()
  const rpcUrl = parts.rpcUrl ?? terms.rpc_url
  if (rpcUrl === null) {
    throw new Level5Error('invalid_option', 'rpcUrl: the gateway names no RPC node; give one')
  }
  // Loaded on demand: reading a balance or making a call needs no transactions.
  const { openPayment } = await import('./deposit-transaction.ts')
  const payment = await openPayment({ rpcUrl, terms, signer, surroundings }, amount).catch(noNode)
  await payment.broadcast()
  const { signature, opensVault } = payment
  report({ stage: 'sent', signature, opened_vault: opensVault })
  const slot = await payment.finality(deadline, (seen) =>
    report({ stage: 'confirmed', slot: seen }),
  )
  report({ stage: 'finalized', slot })
  await hint(api, signature)
  const available = await credited(api, signature, deadline, surroundings)
  report({ stage: 'credited', available })
  return {
    signature,
    slot,
    amount: amount.toString(),
    vault: terms.vault,
    deposit_address: terms.deposit_address,
    opened_vault: opensVault,
    available,
  }
}

/** Before anything is sent, a node that does not answer ends the deposit. */
function noNode(cause: unknown): never {
  if (cause instanceof Level5Error) throw cause
  const why = cause instanceof Error ? cause.message : String(cause)
  throw new Level5Error('unreachable', `nothing was deposited: the RPC node: ${why}`, { cause })
}

function wishedAmount({ usdc, units }: DepositWish): Units {
  if ((usdc === undefined) === (units === undefined)) {
    throw new Level5Error('invalid_option', 'a deposit takes either `usdc` or `units`')
  }
  const amount = usdc === undefined ? parseUnits(String(units)) : parseUsdc(usdc)
  if (amount === null || amount === 0n) {
    throw new Level5Error('invalid_option', `deposit: ${usdc ?? units} is not an amount above zero`)
  }
  return amount
}

/** Speeds the credit up; where it fails, the watcher finds the deposit by itself. */
async function hint(api: GatewayApi, signature: string): Promise<void> {
  try {
    await api.post('/v1/deposits', { signature })
  } catch (error) {
    if (!(error instanceof Level5Error)) throw error
  }
}

async function credited(
  api: GatewayApi,
  signature: string,
  deadline: number,
  { now, sleep }: Surroundings,
): Promise<string> {
  while (now() < deadline) {
    const available = await availableAfter(api, signature).catch(transient)
    if (available !== null) return available
    await sleep(POLL_MS)
  }
  const advice = 'the money is in the vault and will be credited; watch the balance'
  throw new Level5Error('timeout', `deposit ${signature} is final and not credited yet: ${advice}`)
}

/** What is available once this deposit is credited; null before. */
async function availableAfter(api: GatewayApi, signature: string): Promise<string | null> {
  const page = await api.get<TransactionPage>(`/v1/transactions?limit=${ROWS_LOOKED_AT}`)
  const isCredited = page.data.some((row) => row.type === 'DEPOSIT' && row.signature === signature)
  return isCredited ? (await api.get<Balance>('/v1/balance')).available : null
}

/** The money is on its way: a gateway that is away for a moment changes nothing. */
function transient(error: unknown): null {
  const isAway = (status: number | null) => status !== null && status >= SERVER_ERROR
  if (error instanceof Level5Error && (error.code === 'unreachable' || isAway(error.status))) {
    return null
  }
  throw error
}
