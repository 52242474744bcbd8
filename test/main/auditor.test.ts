import { expect, test } from 'vitest'
import { type Ledger, LedgerUnavailable } from '../../src/ledger/ledger.ts'
import { ledgerOn } from '../../src/ledger/sqlite/open-ledger.ts'
import { createLog } from '../../src/log.ts'
import { Auditor } from '../../src/main/auditor.ts'
import { AGENT, fund, holdRequest, NOW, settlement } from '../ledger/facts.ts'
import { newPath, openedFiles, rawConnection } from '../ledger/sqlite/files.ts'
import { until } from '../support/gateway.ts'
import { TEST_ISSUER } from '../support/receipt-key.ts'

const HOUR = 3_600_000

/** Books of so many charged calls, an auditor of them, a clock that is set by hand, and a hand that reaches the file. */
async function audited(calls: number) {
  const path = newPath()
  const ledger = ledgerOn(openedFiles(path), TEST_ISSUER)
  await fund(ledger, 1_000_000n)
  await charge(ledger, 0, calls)
  const log: { msg: string; level: string }[] = []
  const clock = { now: NOW }
  const write = (line: string): void => void log.push(JSON.parse(line))
  const auditor = new Auditor(ledger, () => clock.now, createLog('info', { write }))
  const passAt = async (now: number): Promise<ReturnType<Auditor['status']>> => {
    clock.now = now
    await auditor.pass()
    return auditor.status()
  }
  return { ledger, auditor, passAt, log, db: rawConnection(path) }
}

async function charge(ledger: Ledger, from: number, to: number): Promise<void> {
  const calls = Array.from({ length: to - from }, (_, index) => `r${from + index}`)
  await Promise.all(calls.map((id) => ledger.hold(holdRequest(id))))
  await Promise.all(calls.map((id) => ledger.settle(settlement(id))))
}

const iso = (at: number): string => new Date(at).toISOString()

test('before the first pass is through nothing is said of the books but how far it is', async () => {
  const { auditor } = await audited(600)
  const nothing = { conservation: 'not audited yet', audited_at: null, summed_anew_at: null }
  expect(auditor.status()).toEqual({ ...nothing, agents: 0, rows: 0, running: null, failed: null })
  const pass = auditor.pass()
  await until(() => auditor.status().running?.up_to_row != null)
  const { running, ...status } = auditor.status()
  expect(status).toEqual({ ...nothing, agents: 0, rows: 0, failed: null })
  expect(running).toMatchObject({ since: iso(NOW), sums: 'all', last_row: 601, agents: 0 })
  expect(running?.up_to_row).toBeLessThan(601)
  await pass
  expect(auditor.status()).toEqual({
    conservation: 'held',
    audited_at: iso(NOW),
    summed_anew_at: iso(NOW),
    agents: 1,
    rows: 601,
    running: null,
    failed: null,
  })
})

test('what was summed is taken for granted for a day: history that somebody changes shows after it', async () => {
  const { ledger, passAt, db, log } = await audited(2)
  await passAt(NOW)
  db.exec('DROP TRIGGER calls_never_update; UPDATE calls SET charge = 41 WHERE seq = 1')
  await charge(ledger, 2, 3)
  const later = NOW + 23 * HOUR
  expect(await passAt(later)).toMatchObject({
    conservation: 'held',
    audited_at: iso(later),
    summed_anew_at: iso(NOW),
    rows: 4,
  })
  const day = NOW + 24 * HOUR
  expect(await passAt(day)).toMatchObject({
    conservation: `${AGENT}: spent and the calls: 120 against 121`,
    summed_anew_at: iso(day),
  })
  expect(log.at(-1)).toMatchObject({
    level: 'error',
    agent: AGENT,
    equation: 'spent and the calls',
  })
})

test('what is broken is logged once whatever its figures become, and again when it is mended', async () => {
  const { ledger, passAt, db, log } = await audited(2)
  await passAt(NOW)
  db.exec(`UPDATE vaults SET settled = 1;
    DROP TRIGGER calls_never_update; UPDATE calls SET charge = 41 WHERE seq = 1`)
  expect((await passAt(NOW + 1)).conservation).toMatch(/settled and the vault's: 0 against 1$/)
  // Everything is summed while something is broken, so the call shows too, and is told first.
  expect((await passAt(NOW + 2)).conservation).toMatch(/spent and the calls: 80 against 81$/)
  await charge(ledger, 2, 3)
  expect(await passAt(NOW + 3)).toMatchObject({
    conservation: expect.stringMatching(/spent and the calls: 120 against 121$/),
    summed_anew_at: iso(NOW + 3),
  })
  db.exec('UPDATE vaults SET settled = 0; UPDATE calls SET charge = 40 WHERE seq = 1')
  expect((await passAt(NOW + 4)).conservation).toBe('held')
  await passAt(NOW + 5)
  expect(log.map(({ msg }) => msg)).toEqual([
    'the books do not balance',
    'the books do not balance',
    'the books balance again',
  ])
})

test('a pass that is stopped ends after its slice and says nothing of the books', async () => {
  const { auditor } = await audited(600)
  const pass = auditor.pass()
  auditor.stop()
  await pass
  expect(auditor.status()).toMatchObject({ conservation: 'not audited yet', running: null })
})

test('L6: a ledger that cannot be read is said and logged once, and what was found before stands', async () => {
  const { ledger, passAt, log } = await audited(2)
  await passAt(NOW)
  const auditPass = ledger.auditPass
  ledger.auditPass = () => Promise.reject(new LedgerUnavailable('disk trouble'))
  const held = { conservation: 'held', audited_at: iso(NOW), rows: 3 }
  const failed = 'LedgerUnavailable: disk trouble'
  expect(await passAt(NOW + 1)).toMatchObject({ ...held, failed, running: null })
  expect(await passAt(NOW + 2)).toMatchObject({ ...held, failed })
  expect(log).toMatchObject([{ msg: 'the books cannot be audited now', level: 'error' }])
  ledger.auditPass = auditPass
  expect(await passAt(NOW + 3)).toMatchObject({ ...held, audited_at: iso(NOW + 3), failed: null })
})
