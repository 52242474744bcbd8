/** At the end of a world: what every agent can check for itself, and what the product's own audit says. */

import { units } from '../../../src/money.ts'
import type { ChainHistory, ChainPayout, Evidence } from '../../../src/proof/evidence.ts'
import type { Finding } from '../../../src/proof/finding.ts'
import { verifyHistory } from '../../../src/proof/verify-history.ts'
import type { SimulatedAgent } from '../agent.ts'
import { OPENED_AT } from '../chain/encoding.ts'
import { GATEWAY, RECEIPTS } from '../chain/place.ts'
import type { EventName } from '../chain/vault-program.ts'
import type { GatewayProcess } from '../gateway/process.ts'
import { ADDRESSES, ORIGIN } from '../gateway/terms.ts'
import type { World } from '../world.ts'
import { must } from './violation.ts'

const PAGE = 500

export async function checkHistories(world: World): Promise<void> {
  const [process] = world.lives.running
  if (process === undefined) return
  const audit = await process.ledger.audit()
  must(audit === null, 'L1', () => `the audit finds ${audit}`)
  // By itself, after whatever failed.
  const { conservation, failed } = process.auditor.status()
  const isAudited = conservation === 'held' && failed === null
  must(isAudited, 'L1', () => `the last pass found ${conservation}, and failed with ${failed}`)
  const integrity = world.disk.observer.pragma('integrity_check', { simple: true })
  must(integrity === 'ok', 'L8', () => `the file is damaged: ${integrity}`)
  for (const agent of world.agents) {
    const verdict = verifyHistory(await evidenceOf(world, process, agent))
    // Whose clock was far off has signed times that nobody can believe.
    const findings = verdict.findings.filter((one) => !world.clockWasWrong || !isOfTime(one))
    must(findings.length === 0, 'A1', () => `verify finds ${JSON.stringify(findings.slice(0, 2))}`)
    world.tally.figure('receipts verified', BigInt(verdict.checked.receipts))
  }
}

/** Whether it is the gateway's clock that is found wrong, and no call that ends before it starts. */
function isOfTime({ kind, message }: Finding): boolean {
  if (kind === 'times_impossible') return !message.includes('before it started')
  return kind === 'session_exceeded' && message.includes('outside the time')
}

async function evidenceOf(
  world: World,
  process: GatewayProcess,
  agent: SimulatedAgent,
): Promise<Evidence> {
  const collectedFrom = world.time.now
  const asking = new Asking(world, process, agent)
  const receipts = await asking.receipts()
  const named = receipts.map(({ receipt }) => receipt)
  const versions = new Set(named.map(({ price_version: version }) => version))
  const prices = [{ asked: null as string | null, answer: await asking.get('/v1/pricing') }]
  for (const asked of versions) {
    prices.push({ asked, answer: await asking.get(`/v1/pricing?version=${asked}`) })
  }
  const sessions = new Map<string, Awaited<ReturnType<Asking['get']>>>()
  for (const { auth } of named) {
    if (auth.session === undefined || sessions.has(auth.session)) continue
    sessions.set(auth.session, await asking.get(`/v1/sessions/${auth.session}`))
  }
  return {
    party: { origin: ORIGIN, chain: 'localnet', agent: agent.pubkey, gateway: ADDRESSES.gateway },
    receipts,
    receiptTroubles: [],
    kept: agent.kept,
    prices,
    balance: await asking.get('/v1/balance'),
    sessions,
    listedSessions: sessions.size === 0 ? null : await asking.get('/v1/sessions'),
    openedSessions: null,
    chain: historyOf(world, agent),
    collectedFrom,
    collectedUntil: world.time.now,
  }
}

interface Delivered {
  readonly receipt: { readonly price_version: string; readonly auth: { readonly session?: string } }
  readonly signature: string
}

class Asking {
  readonly #world: World
  readonly #process: GatewayProcess
  readonly #agent: SimulatedAgent

  constructor(world: World, process: GatewayProcess, agent: SimulatedAgent) {
    this.#world = world
    this.#process = process
    this.#agent = agent
  }

  async get(target: string) {
    const nonce = `history${String(this.#world.serial++).padStart(12, '0')}`
    const signed = { nonce, at: this.#world.time.now }
    const headers = this.#agent.sign('GET', target, Buffer.alloc(0), signed)
    const { status, json } = await this.#process.ask('GET', target, headers)
    must(status === 200, 'S2', () => `GET ${target} answers ${status}`)
    return { kind: 'answered' as const, target, body: json }
  }

  async receipts(): Promise<Delivered[]> {
    const all: Delivered[] = []
    for (;;) {
      const { body } = await this.get(`/v1/receipts?after=${all.length}&limit=${PAGE}`)
      const { data } = body as { data: Delivered[] }
      all.push(...data)
      if (data.length < PAGE) return all
    }
  }
}

/** What the final chain says of an agent's vault. */
function historyOf({ cluster }: World, { pubkey, place }: SimulatedAgent): ChainHistory {
  const slot = cluster.finalSlot
  const vault = cluster.at(pubkey, slot)
  const events = cluster.landed
    .filter((one) => one.slot <= slot)
    .flatMap(({ slot: at, signature, happened }) =>
      happened.flatMap(({ agent, emitted, after }) => {
        if (agent !== pubkey || emitted === null) return []
        const { event, amount, cumulative } = emitted
        const where = { transaction: signature, slot: at, timeSeconds: null }
        const totals = { amount: units(amount), cumulative: units(cumulative) }
        return [{ event, ...where, ...totals, depositIndex: after.depositIndex }]
      }),
    )
  const payouts = (name: EventName): ChainPayout[] => events.filter(({ event }) => event === name)
  const key = { transaction: 'creation', slot: 0, timeSeconds: Number(OPENED_AT) }
  return {
    slot,
    vault:
      vault === null
        ? null
        : {
            address: place.vault,
            deposited: units(vault.deposited),
            settled: units(vault.settled),
            withdrawn: units(vault.withdrawn),
          },
    tokens: units(vault?.tokens ?? 0n),
    deposits: events.filter(({ event }) => event === 'DepositEvent'),
    settlements: payouts('SettlementEvent'),
    withdrawals: payouts('WithdrawalEvent'),
    receiptKeys: [{ ...key, receiptKey: RECEIPTS.pubkey }],
    receiptKey: RECEIPTS.pubkey,
    gateway: GATEWAY.toBase58(),
    keysComplete: true,
  }
}
