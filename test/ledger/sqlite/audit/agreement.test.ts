/** Whatever happens, and whoever changes the file: the audit that remembers says what one says that sums everything. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { AuditPass } from '../../../../src/ledger/audit-ledger.ts'
import type { Ledger } from '../../../../src/ledger/ledger.ts'
import { ledgerOn } from '../../../../src/ledger/sqlite/open-ledger.ts'
import { TEST_ISSUER } from '../../../support/receipt-key.ts'
import { fund } from '../../facts.ts'
import { newPath, openedFiles, rawConnection } from '../files.ts'
import { AGENTS, book, deeds, disarm, TAMPERINGS, tamper } from './history.ts'
import { plainAudit } from './plain-audit.ts'

/** What a pass says, in the words of the plain audit: its first fault, and how many agents have one. */
async function saidBy(ledger: Ledger, sums: AuditPass['sums']) {
  const result = await ledger.auditPass({ sums, between: () => Promise.resolve(true) })
  if (result.kind !== 'broken') return { first: undefined, count: 0 }
  const { agent, equation, figures } = result.first
  return { first: `${agent}: ${equation}: ${figures}`, count: result.brokenAgents }
}

/** Of each agent, once a pass has summed some of it and once more after it. */
const EVERYTHING = ['deposit', 'call', 'call', 'settle', 'withdraw', 'hold'] as const

test.each(TAMPERINGS)('L1: a pass finds $sql', async (how) => {
  for (const pick of [0, 0.999]) {
    const path = newPath()
    const ledger = ledgerOn(openedFiles(path), TEST_ISSUER)
    const db = rawConnection(path)
    await Promise.all(AGENTS.map((agent) => fund(ledger, 1_000n, agent)))
    const live = async () => {
      for (const does of EVERYTHING) {
        await Promise.all(AGENTS.map((agent) => book(ledger, { does, agent })))
      }
    }
    await live()
    expect(await saidBy(ledger, 'new')).toEqual({ first: undefined, count: 0 })
    const summedUpTo = Number(db.prepare('SELECT max(id) FROM transactions').pluck().get())
    await live()
    disarm(db)
    const visible = tamper(db, how, pick, summedUpTo)
    const [first] = plainAudit(db)
    expect(first).toBeDefined()
    if (visible === true) expect((await saidBy(ledger, 'new')).first).toBe(first)
    expect((await saidBy(ledger, 'all')).first).toBe(first)
  }
})

test('L1: a pass over what is new and a pass over everything find what a plain sum finds', async () => {
  const tamperings = fc.array(
    fc.record({
      how: fc.constantFrom(...TAMPERINGS),
      pick: fc.double({ min: 0, max: 0.999, noNaN: true }),
      passBefore: fc.boolean(),
    }),
    { minLength: 1, maxLength: 2 },
  )
  const seen = { visible: 0, below: 0 }
  await fc.assert(
    fc.asyncProperty(deeds, tamperings, async (history, changes) => {
      const path = newPath()
      const files = openedFiles(path)
      const ledger = ledgerOn(files, TEST_ISSUER)
      const db = rawConnection(path)
      const plain = () => {
        const found = plainAudit(db)
        return { first: found[0], count: found.length }
      }
      const newest = (): number =>
        Number(db.prepare('SELECT max(id) FROM transactions').pluck().get() ?? 0)
      for (const agent of AGENTS) await fund(ledger, 1_000n, agent)
      let summedUpTo = 0
      const passOverNew = async () => {
        const said = await saidBy(ledger, 'new')
        summedUpTo = newest()
        return said
      }
      for (const deed of history) {
        if (deed.does !== 'pass') await book(ledger, deed)
        else expect(await passOverNew()).toEqual({ first: undefined, count: 0 })
      }
      expect(plain().count).toBe(0)
      disarm(db)
      let allVisible = true
      for (const { how, pick, passBefore } of changes) {
        if (passBefore) await passOverNew()
        const visible = tamper(db, how, pick, summedUpTo)
        if (visible === false) allVisible = false
        if (visible !== null) seen[visible ? 'visible' : 'below'] += 1
      }
      if (allVisible) expect(await passOverNew()).toEqual(plain())
      expect(await saidBy(ledger, 'all')).toEqual(plain())
      expect(await passOverNew()).toEqual(plain())
      await ledger.close()
    }),
    { numRuns: 40 },
  )
  for (const times of Object.values(seen)) expect(times).toBeGreaterThan(2)
}, 60_000)
