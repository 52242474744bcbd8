// Honest histories of every kind give no finding, however the steps fall.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { verifyHistory } from '../../src/proof/verify-history.ts'
import { HonestGateway } from './honest-gateway.ts'
import { run, steps } from './steps.ts'

test('an agent without any history has nothing to object to', () => {
  const verdict = verifyHistory(new HonestGateway().evidence())
  expect(verdict).toMatchObject({ ok: true, findings: [], notes: [] })
})

test('honest random histories give no finding and no note', () => {
  fc.assert(
    fc.property(steps, (taken) => {
      const evidence = run(taken).evidence()
      const { findings, notes, checked } = verifyHistory(evidence)
      expect(findings).toEqual([])
      expect(notes).toEqual([])
      expect(checked.receipts).toBe(evidence.receipts.length)
    }),
    { numRuns: 100 },
  )
})
