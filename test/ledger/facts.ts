/** Facts to put into a ledger: each with sane values, of which a test names only what it is about. */
import type { DepositFact, PayoutFact, WithdrawalReading } from '../../src/ledger/chain-ledger.ts'
import type { KeptAnswer, KeyedRequest } from '../../src/ledger/idempotency-ledger.ts'
import type { HoldRequest, Ledger, Settlement } from '../../src/ledger/ledger.ts'
import type { SessionOpening } from '../../src/ledger/session-ledger.ts'
import type { OfferedVoucher } from '../../src/ledger/voucher-ledger.ts'
import { NO_TOKENS, units, ZERO } from '../../src/money.ts'
import type { Backend } from './backends.ts'

export const NOW = 1_795_000_000_000
export const LEASE_MS = 15_000
export const PRICES = `sha256:${'a'.repeat(64)}`
export const AGENT = 'Agent1111111111111111111111111111111111111'
export const BINDING = {
  genesisHash: 'Genesis11111111111111111111111111111111111',
  program: 'Program11111111111111111111111111111111111',
  gateway: 'Gateway11111111111111111111111111111111111',
  mint: 'Mint111111111111111111111111111111111111111',
}

/** The deposit number `index` of `agent` into its one vault. */
export function depositFact(index: number, change: Partial<DepositFact> = {}): DepositFact {
  const agent = change.agent ?? AGENT
  const amount = change.amount ?? units(1_000n)
  return {
    vault: `vault of ${agent}`,
    agent,
    amount,
    cumulative: amount,
    depositIndex: BigInt(index),
    depositor: 'Depositor',
    signature: `deposit ${index} of ${agent}`,
    instructionPath: '0',
    slot: index,
    ...change,
  }
}

/** A payout out of the agent's one vault: of `amount` units, after which `cumulative` have left it. */
export function payoutFact(
  amount: bigint,
  cumulative: bigint,
  change: Partial<PayoutFact> = {},
): PayoutFact {
  const agent = change.agent ?? AGENT
  return {
    vault: `vault of ${agent}`,
    agent,
    amount: units(amount),
    cumulative: units(cumulative),
    signature: `payout to ${cumulative} of ${agent}`,
    instructionPath: '0',
    slot: 50,
    ...change,
  }
}

/** What the chain says of the agent's vault: nothing is pending, nothing was withdrawn. */
export function withdrawalReading(change: Partial<WithdrawalReading> = {}): WithdrawalReading {
  return {
    vault: `vault of ${AGENT}`,
    slot: 100,
    confirmedSlot: 130,
    withdrawn: ZERO,
    settled: ZERO,
    pending: ZERO,
    withdrawableAt: 0,
    confirmedPending: ZERO,
    confirmedWithdrawableAt: 0,
    withdrawalDelaySeconds: 3_600,
    ...change,
  }
}

/** A voucher of the agent's, as the gateway hands it in once it has verified. */
export function voucherOf(cumulative: bigint, agent = AGENT): OfferedVoucher {
  const signature = Buffer.alloc(64, `${agent} ${cumulative}`).toString('base64')
  return { vault: `vault of ${agent}`, cumulative: units(cumulative), signature }
}

export function holdRequest(requestId: string, change: Partial<HoldRequest> = {}): HoldRequest {
  return {
    requestId,
    agent: AGENT,
    amount: units(100n),
    at: NOW,
    leaseUntil: NOW + LEASE_MS,
    nonce: { value: `nonce of ${requestId}`, forgetAt: NOW + 180_000 },
    sessionId: null,
    provider: 'openai',
    model: 'gpt-4o-mini',
    priceVersion: PRICES,
    requestDigest: `sha256:${'b'.repeat(64)}`,
    auth: {
      method: 'POST',
      target: '/v1/chat/completions',
      nonce: `nonce of ${requestId}`,
      issued_at: '2026-11-21T12:00:00.000Z',
      signature: 'c2lnbmF0dXJl',
    },
    recovery: { tokens: { ...NO_TOKENS, input: 10, output: 5 }, charge: units(60n) },
    keyed: null,
    voucher: null,
    requireVoucher: false,
    settleMarginSeconds: 0,
    ...change,
  }
}

/** The key of a call, and what it asked for. */
export function keyedRequest(name: string, asked = 'a'): KeyedRequest {
  const key = name.replaceAll(/[^A-Za-z0-9_-]/g, '_').padEnd(16, '-')
  return { key, fingerprint: `sha256:${asked.repeat(64)}` }
}

export function keptAnswer(change: Partial<KeptAnswer> = {}): KeptAnswer {
  const body = Buffer.from('{"choices":[]}')
  return {
    status: 200,
    contentType: 'application/json',
    body,
    streamed: false,
    whole: true,
    ...change,
  }
}

export function settlement(requestId: string, change: Partial<Settlement> = {}): Settlement {
  return {
    requestId,
    charge: units(40n),
    tokens: { ...NO_TOKENS, input: 8, output: 3 },
    outcome: 'completed',
    upstreamId: 'chatcmpl-1',
    responseDigest: `sha256:${'c'.repeat(64)}`,
    answer: null,
    at: NOW + 1_000,
    ...change,
  }
}

/** The digest under which a session's token is stored, here. */
export function tokenOf(id: string): string {
  return Buffer.from(id).toString('hex').padEnd(64, '0')
}

/** A session without a limit that lasts an hour. */
export function sessionOpening(
  id: string,
  terms: Partial<SessionOpening['terms']> = {},
  change: Partial<SessionOpening> = {},
): SessionOpening {
  return {
    id,
    tokenSha256: tokenOf(id),
    terms: {
      agent: AGENT,
      spendLimit: null,
      models: null,
      label: null,
      expiresAt: NOW + 3_600_000,
      ...terms,
    },
    nonce: { value: `challenge ${id}`, forgetAt: NOW + 300_000 },
    proof: { message: `the terms of ${id}`, signature: `signature of ${id}` },
    voucher: null,
    ...change,
  }
}

/** Stores the price list that the holds name and gives the agent its money. */
export async function fund(ledger: Ledger, amount: bigint, agent = AGENT): Promise<void> {
  await ledger.storePrices(PRICES, '2026-11-21T12:00:00.000Z', '{}')
  await ledger.credit(depositFact(1, { agent, amount: units(amount) }), NOW)
}

/** New books on which `AGENT` has deposited `amount` units. */
export async function funded(backend: Backend, amount: bigint): Promise<Ledger> {
  const ledger = backend.newHome().open()
  await fund(ledger, amount)
  return ledger
}
