/** The last line for idempotency keys: what the code promises, the file refuses to break, whoever writes it. */
import { expect, test } from 'vitest'
import { ledgerOn } from '../../../src/ledger/sqlite/open-ledger.ts'
import { TEST_ISSUER } from '../../support/receipt-key.ts'
import {
  AGENT,
  fund,
  holdRequest,
  keptAnswer,
  keyedRequest,
  LEASE_MS,
  NOW,
  settlement,
} from '../facts.ts'
import { newPath, openedFiles, rawConnection } from './files.ts'

/** Key 1 was charged and has its answer, key 2 was charged without one, key 3 is of a call that runs. */
async function keyedBooks() {
  const path = newPath()
  const ledger = ledgerOn(openedFiles(path), TEST_ISSUER)
  await fund(ledger, 1_000n)
  for (const id of ['answered', 'charged', 'running']) {
    await ledger.hold(holdRequest(id, { keyed: keyedRequest(id) }))
  }
  await ledger.settle(settlement('answered', { answer: keptAnswer() }))
  await ledger.settle(settlement('charged'))
  const db = rawConnection(path)
  db.pragma('foreign_keys = ON')
  return { ledger, db }
}

const FINGERPRINT = `'sha256:${'a'.repeat(64)}'`
const KEY = (change: Record<string, string>): string => {
  const good = { agent: `'${AGENT}'`, key: "'a-key-of-sixteen'", fingerprint: FINGERPRINT }
  const rest = { request_id: "'new'", forget_at: 'NULL' }
  return `INSERT INTO idempotency_keys VALUES (NULL, ${Object.values({ ...good, ...rest, ...change }).join(', ')})`
}
const ANSWER = (keyId: number, agent = AGENT, bytes = 1): string =>
  `INSERT INTO kept_answers VALUES (${keyId}, '${agent}', 200, 'a/b', 0, 1, ${bytes}, x'00')`

const REFUSED: [promise: string, sql: string, error: RegExp][] = [
  [
    'A4: one key of an agent twice',
    "INSERT INTO idempotency_keys SELECT NULL, agent_pubkey, key, fingerprint, 'new', NULL FROM idempotency_keys WHERE id = 1",
    /agent_pubkey, idempotency_keys.key/,
  ],
  ['A4: two keys of one call', KEY({ request_id: "'running'" }), /request_id/],
  ['A4: a key that was never taken by a call', KEY({ forget_at: '1' }), /by a call that runs/],
  ['a key of nobody', KEY({ agent: "'nobody'" }), /FOREIGN KEY/],
  ['a key too short', KEY({ key: "'a-key-of-fifteen'" }).replace('a-key', 'key'), /key/],
  ['a key of other letters', KEY({ key: "'a key of sixteen'" }), /key/],
  ['a fingerprint that is none', KEY({ fingerprint: "'x'" }), /fingerprint/],
  [
    'A4: a key that ends without a charge',
    'UPDATE idempotency_keys SET forget_at = 1 WHERE id = 3',
    /only ends, once/,
  ],
  [
    'A4: a charged key that is kept longer',
    'UPDATE idempotency_keys SET forget_at = forget_at + 1 WHERE id = 1',
    /only ends, once/,
  ],
  [
    'A4: a charged key that runs again',
    'UPDATE idempotency_keys SET forget_at = NULL WHERE id = 1',
    /only ends, once/,
  ],
  [
    'A4: a key that is bound to another request',
    `UPDATE idempotency_keys SET fingerprint = replace(fingerprint, 'a', 'b') WHERE id = 1`,
    /only ends, once/,
  ],
  [
    'A4: a key that goes while its call runs',
    'DELETE FROM idempotency_keys WHERE id = 3',
    /FOREIGN KEY/,
  ],
  [
    'A4: two holds of one key',
    `INSERT INTO holds SELECT 'new', agent_pubkey, session_id, amount, started_at, lease_until, provider, model,
       price_version, request_digest, auth_json, recovery_tokens_json, recovery_charge, key_id FROM holds`,
    /holds.key_id/,
  ],
  ['A4: a hold of no key', 'UPDATE holds SET key_id = 9', /FOREIGN KEY/],
  ['A4: an answer to a call that runs', ANSWER(3), /of a charged call/],
  ["another agent's answer", ANSWER(2, 'nobody'), /of a charged call/],
  ['an answer of another size', ANSWER(2, AGENT, 2), /bytes/],
  ['an answer that changes', "UPDATE kept_answers SET body = x'00', bytes = 1", /never change/],
  ['a sum below zero', 'UPDATE kept_bytes SET bytes = -1', /bytes >= 0/],
]

for (const [promise, sql, error] of REFUSED) {
  test(`the file refuses ${promise}`, async () => {
    const { ledger, db } = await keyedBooks()
    expect(() => db.exec(`BEGIN; ${sql}; COMMIT`)).toThrow(error)
    if (db.inTransaction) db.exec('ROLLBACK')
    expect(await ledger.audit()).toBeNull()
  })
}

test('A4: the file refuses that a charge loses its key, and that its hold ends without it', async () => {
  const { db } = await keyedBooks()
  db.exec('BEGIN; DELETE FROM holds')
  db.exec(
    `INSERT INTO transactions VALUES (90, '${AGENT}', 'DEBIT', 1, 1, '{}', 'running', NULL, 1)`,
  )
  db.exec(
    `INSERT INTO receipts SELECT 90, agent_pubkey, seq + 1, digest, digest, text, signature FROM receipts ORDER BY seq DESC LIMIT 1`,
  )
  db.exec(`INSERT INTO calls SELECT NULL, 'running', agent_pubkey, session_id, 'settled', held, 1, 90, NULL, provider, model,
    price_version, request_digest, auth_json, started_at, ended_at FROM calls LIMIT 1`)
  expect(() => db.exec('DELETE FROM idempotency_keys WHERE id = 3')).toThrow(/of a charge is kept/)
  db.exec('ROLLBACK')
})

test('the sum of what is kept follows every answer that comes and goes', async () => {
  const { ledger, db } = await keyedBooks()
  const sums = () => db.prepare('SELECT agent_pubkey, bytes FROM kept_bytes').all()
  const answered = { agent_pubkey: AGENT, bytes: keptAnswer().body.length }
  expect(sums()).toEqual([answered])
  await ledger.settle(settlement('running', { answer: keptAnswer() }))
  expect(sums()).toEqual([{ ...answered, bytes: 2 * answered.bytes }])
  await ledger.forgetExpired(Number.MAX_SAFE_INTEGER)
  expect(sums()).toEqual([{ ...answered, bytes: 0 }])
  expect(db.prepare('SELECT count(*) FROM kept_answers').pluck().get()).toBe(0)
})

test('a call without a key takes no statement more than before there were keys', async () => {
  const files = openedFiles()
  const run: string[] = []
  for (const connection of [files.writer, files.reader]) {
    const prepare = connection.prepare.bind(connection)
    connection.prepare = (sql: string) => {
      const statement = prepare(sql)
      for (const verb of ['run', 'get', 'all'] as const) {
        const execute = statement[verb].bind(statement) as (...values: unknown[]) => unknown
        Object.assign(statement, {
          [verb]: (...values: unknown[]) => {
            run.push(sql)
            return execute(...values)
          },
        })
      }
      return statement as never
    }
  }
  const ledger = ledgerOn(files, TEST_ISSUER)
  await fund(ledger, 1_000n)
  const ofKeys = () => run.filter((sql) => /idempotency_keys|kept_/.test(sql))
  for (const id of ['settled', 'released', 'recovered']) await ledger.hold(holdRequest(id))
  await ledger.settle(settlement('settled', { answer: keptAnswer() }))
  await ledger.release({ requestId: 'released', at: 0, reason: 'upstream_error' })
  await ledger.resolveExpired(NOW + LEASE_MS)
  expect(ofKeys()).toEqual([])
  await ledger.hold(holdRequest('keyed', { keyed: keyedRequest('keyed') }))
  expect(ofKeys().length).toBeGreaterThan(0)
})
