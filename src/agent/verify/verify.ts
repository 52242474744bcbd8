/** Collects an agent's whole history, from its gateway and from the chain, and checks it. Source: proof contract. */
import type { Connection } from '@solana/web3.js'
import { clusterOf } from '../../chain/clusters.ts'
import { upgradeAuthority } from '../../chain/upgrade-authority.ts'
import type { Party } from '../../proof/evidence.ts'
import type { Finding, Note, Verdict } from '../../proof/finding.ts'
import { verifyHistory } from '../../proof/verify-history.ts'
import { Level5Error } from '../level5-error.ts'
import type { PinKeeper } from '../pin-keeper.ts'
import type { Fetch } from '../signing-fetch.ts'
import { patiently, type VaultWork } from '../vault/drive.ts'
import { openVaultWork, type VaultAccess } from '../vault/work.ts'
import { createAsk } from './asking.ts'
import { readHistory, readSnapshot } from './chain-history.ts'
import { firstEnd, readDocuments } from './gateway-documents.ts'

export interface VerifyWish {
  /** Receipts that the agent kept of its own answers (`X-Receipt`), each `{"receipt","signature"}`. */
  readonly kept?: readonly unknown[]
  /** Ids of every session that the agent opened: charges to others are findings, unless the gateway proves them. Without it the gateway's own list counts. */
  readonly openedSessions?: readonly string[]
}

export interface VerifyParts extends Omit<VaultAccess, 'terms'> {
  readonly keeper: PinKeeper
  /** The gateway's origin, as configured. */
  readonly origin: string
  /** Signs. */
  readonly signed: Fetch
  /** Does not. */
  readonly transport: Fetch
}

/** What may be behind for a moment, in any honest gateway: looked at once more before it is reported. */
const MAY_LAG: readonly Finding['kind'][] = [
  'unanswered',
  'spent_differs',
  'balance_differs',
  'deposit_not_credited',
  'settled_beyond_spent',
  'insolvent',
]
const SECOND_LOOK_MS = 10_000

/**
 * Checks the whole history. Throws `unpinned` on a public chain without pins, `untrusted_answer` where the chain has no
 * such gateway, `unreachable` where the gateway or the node is away; everything else about the gateway is a finding.
 */
export async function verifyAgent(parts: VerifyParts, wish: VerifyWish): Promise<Verdict> {
  const work = await openVaultWork({ ...parts, terms: parts.keeper.termsToPay })
  const chain = parts.pins.chain ?? (await clusterOf(work.rpc)).chain
  const party: Party = {
    origin: parts.origin,
    chain,
    agent: parts.signer.publicKey,
    gateway: work.parties.gateway.toBase58(),
  }
  const first = await look(parts, work, party, wish)
  const isBehind = first.notes.some(({ kind }) => kind === 'history_incomplete')
  const lagging = first.findings.some(({ kind }) => MAY_LAG.includes(kind))
  const last = lagging || isBehind ? await lookAgain(parts, work, party, wish, first) : first
  return { ...last, notes: [...last.notes, ...(await warnings(parts, work))] }
}

async function lookAgain(
  parts: VerifyParts,
  work: VaultWork,
  party: Party,
  wish: VerifyWish,
  first: Verdict,
): Promise<Verdict> {
  await parts.surroundings.sleep(SECOND_LOOK_MS)
  const second = await look(parts, work, party, wish)
  // What does not pass stays, even where the gateway shows something else now.
  const known = new Set(second.findings.map((finding) => finding.kind + finding.message))
  const standing = first.findings.filter(
    ({ kind, message }) => !MAY_LAG.includes(kind) && !known.has(kind + message),
  )
  const findings = [...standing, ...second.findings]
  return { ...second, ok: findings.length === 0, findings }
}

/** One collection: accounts first, then what the gateway says, then the events behind both. */
async function look(
  { origin, signed, transport, surroundings }: VerifyParts,
  { rpc, parties }: VaultWork,
  party: Party,
  { kept = [], openedSessions }: VerifyWish,
): Promise<Verdict> {
  const snapshot = await readSnapshot(rpc, parties, surroundings)
  const collectedFrom = surroundings.now()
  await reachable(origin, transport)
  const shown = await readDocuments(createAsk(origin, transport), createAsk(origin, signed))
  const { program, gateway } = parties
  const source = { rpc, program, gateway, surroundings }
  const chain = await readHistory(source, parties, snapshot, firstEnd(shown.receipts))
  const collectedUntil = surroundings.now()
  return verifyHistory({
    ...shown,
    party,
    kept,
    openedSessions: openedSessions ?? null,
    chain,
    collectedFrom,
    collectedUntil,
  })
}

/** A gateway that is away contradicts nothing; one that answers some of it does. */
async function reachable(origin: string, transport: Fetch): Promise<void> {
  try {
    const response = await transport(new URL('/v1/pricing', origin))
    await response.body?.cancel()
  } catch (cause) {
    const message = `no answer from ${origin}: the chain alone shows your vault (level5 vault)`
    throw new Level5Error('unreachable', message, { cause })
  }
}

/** What is no contradiction and yet leaves somebody to be trusted. */
async function warnings(
  { pins, rpcUrl, keeper, surroundings }: VerifyParts,
  { rpc, parties }: VaultWork,
): Promise<Note[]> {
  const program = parties.program.toBase58()
  const gateway = parties.gateway.toBase58()
  const authority = await authorityOf(rpc, parties.program, surroundings)
  const isPinned = pins.program !== null && pins.gateway !== null
  return [
    ...(authority === null ? [] : [{ kind: 'upgrade_authority', program, authority } as const]),
    ...(isPinned ? [] : [{ kind: 'unpinned', program, gateway } as const]),
    ...(rpcUrl !== null
      ? []
      : [{ kind: 'node_of_the_gateway', rpc_url: (await keeper.terms()).rpc_url ?? '' } as const]),
  ]
}

async function authorityOf(
  rpc: Connection,
  program: VaultWork['parties']['program'],
  surroundings: VerifyParts['surroundings'],
): Promise<string | null> {
  const found = await patiently(surroundings, () => upgradeAuthority(rpc, program))
  return found.kind === 'held' ? found.authority.toBase58() : null
}
