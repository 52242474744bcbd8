/**
 * Gateways are killed at each step of a call, on both sides of each commit, one after the other on the same books; a
 * last one lives and must find all of them in order. Source: docs/billing.md, "Recovery after a crash".
 */
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { CallRecord } from '../../src/ledger/ledger.ts'
import { send } from '../support/crash-call.ts'
import { type CrashSite, callerAt, DEPOSIT, openCrashSite } from '../support/crash-site.ts'
import {
  crash,
  inputBoundOf,
  type LastGateway,
  RESOLVED_WITHIN_MS,
  startLast,
  untilResolved,
  type Wreck,
} from './crash-a-call.ts'
import type { Death } from './deaths.ts'
import { CHAINS } from './steps.ts'

let site: CrashSite
beforeAll(async () => {
  site = await openCrashSite(CHAINS.flatMap(({ deaths }) => deaths).length)
})
afterAll(() => site.close())

/** One line of the table. */
interface Row {
  /** Requests at the provider. */
  readonly asked: number
  readonly received: string
  readonly holdLeftOpen: boolean
  /** Each end that the call found, with what was charged. */
  readonly ends: readonly string[]
  readonly inTime: boolean
  readonly balances: boolean
  /** What the same signed bytes get from the last gateway [A2]. */
  readonly replay: string
}

function expected({ asked, received, remains }: Death): Row {
  const end = {
    nothing: [],
    hold: ['recovered as published'],
    charge: remains.kind === 'charge' ? [`${remains.outcome} as published`] : [],
    release: remains.kind === 'release' ? [`released: ${remains.reason}`] : [],
  }
  return {
    asked,
    received,
    holdLeftOpen: remains.kind === 'hold',
    ends: end[remains.kind],
    inTime: true,
    balances: true,
    replay: remains.kind === 'nothing' ? 'answered' : 'replayed_nonce',
  }
}

async function observed(wreck: Wreck, last: LastGateway): Promise<Row> {
  const { death, wallet, call, hold } = wreck
  const records = await last.books.calls(wallet.key)
  const spent = records.reduce((sum, record) => sum + chargeOf(record), 0n)
  const balance = await callerAt(last.url, wallet).fetch('/v1/balance')
  const figures = (await balance.json()) as Record<string, unknown>
  const again = send(last.url, call)
  await again.ended
  const { error } = JSON.parse(again.text()) as { error?: { code: string } }
  return {
    asked: wreck.asked,
    received: wreck.received,
    holdLeftOpen: hold !== undefined,
    ends: records.map((record) => endOf(record, wreck)),
    inTime: hold === undefined || records.every((record) => isInTime(record, wreck, last)),
    balances:
      figures['available'] === `${DEPOSIT - spent}` &&
      figures['spent'] === `${spent}` &&
      figures['held'] === '0',
    replay: error?.code ?? (death.remains.kind === 'nothing' ? 'answered' : again.text()),
  }
}

function chargeOf(record: CallRecord): bigint {
  return record.state === 'settled' ? record.charge : 0n
}

/** A charge is published when the policy allows it, and a recovered one also only when it was noted with the hold. */
function endOf(record: CallRecord, { death, hold }: Wreck): string {
  if (record.state === 'released') return `released: ${record.reason}`
  const { charge, usage } = record
  const { remains } = death
  const allowed = 'charges' in remains ? remains.charges(inputBoundOf(death)) : []
  const isNoted = hold === undefined || hold.recovery_charge === charge
  const isPublished = allowed.includes(charge) && isNoted && charge <= record.held
  return `${usage.outcome} ${isPublished ? 'as published' : `at ${charge}, not at ${allowed}`}`
}

/** In time, or before the last gateway serves; never before the lease has ended: what may be alive is not swept. */
function isInTime({ endedAt }: CallRecord, { hold, crashedAt }: Wreck, last: LastGateway): boolean {
  const until = Math.max(crashedAt + RESOLVED_WITHIN_MS, last.readyAt)
  return endedAt >= Number(hold?.lease_until) && endedAt <= until
}

test.concurrent.each(CHAINS)('L1 L3 L4 L5 A2 M4: kill -9 at every step: $name', async (chain) => {
  const dataDir = site.newBooks()
  const wrecks: Wreck[] = []
  for (const death of chain.deaths) wrecks.push(await crash(site, dataDir, death))
  const leases = wrecks.map(({ hold }) => Number(hold?.lease_until ?? 0))
  const wallets = wrecks.map(({ wallet }) => wallet)

  const waits = chain.lastStarts === 'when the leases have ended'
  if (waits) {
    await vi.waitUntil(() => Date.now() > Math.max(...leases), { timeout: 20_000, interval: 50 })
  }
  const last = await startLast(site, dataDir)
  if (waits) expect(wallets.flatMap(({ key }) => last.books.holds(key))).toEqual([])
  await untilResolved(last, wallets)

  const table: Record<string, Row> = {}
  for (const wreck of wrecks) table[wreck.death.step] = await observed(wreck, last)
  expect(table).toEqual(
    Object.fromEntries(chain.deaths.map((death) => [death.step, expected(death)])),
  )
  expect(await last.books.ledger.audit()).toBeNull()
  await last.stop()
})
