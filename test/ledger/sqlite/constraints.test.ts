/** The last line: what the code promises, the file refuses to break, whoever writes it. */
import { expect, test } from 'vitest'
import { ledgerOn } from '../../../src/ledger/sqlite/open-ledger.ts'
import { units } from '../../../src/money.ts'
import { TEST_ISSUER } from '../../support/receipt-key.ts'
import {
  AGENT,
  BINDING,
  depositFact,
  fund,
  holdRequest,
  NOW,
  payoutFact,
  sessionOpening,
  settlement,
  voucherOf,
  withdrawalReading,
} from '../facts.ts'
import { newPath, openedFiles, rawConnection } from './files.ts'

/**
 * Books with a row in every table: 1000 deposited, 40 spent, 100 held, 860 available; session s1 holds 100 of 150.
 * With `exit`: 30 of the spent settled, 200 withdrawn, 300 frozen of 300 pending, 360 available.
 */
async function fullBooks({ exit } = { exit: false }) {
  const path = newPath()
  const ledger = ledgerOn(openedFiles(path), TEST_ISSUER)
  await ledger.bind(BINDING)
  await fund(ledger, 1_000n)
  await ledger.openSession(sessionOpening('s1', { spendLimit: units(150n) }), NOW)
  await ledger.hold(holdRequest('ended'))
  await ledger.settle(settlement('ended'))
  await ledger.hold(holdRequest('open', { sessionId: 's1' }))
  await ledger.keepVoucher(AGENT, voucherOf(500n), NOW)
  if (exit) {
    await ledger.bookSettlement(payoutFact(30n, 30n), NOW)
    await ledger.noteWithdrawal(withdrawalReading({ pending: units(500n) }), NOW)
    await ledger.bookWithdrawal(payoutFact(200n, 200n), NOW)
  }
  const db = rawConnection(path)
  db.pragma('foreign_keys = ON')
  return { ledger, db }
}

const CALL = `INSERT INTO calls SELECT NULL, @id, agent_pubkey, session_id, @state, @held, @charge, @debit, @reason,
  provider, model, price_version, request_digest, auth_json, started_at, ended_at FROM calls LIMIT 1`
const call = (id: string, state: string, charge: number, debit: string, reason: string): string =>
  CALL.replace('@id', `'${id}'`)
    .replace('@state', `'${state}'`)
    .replace('@held', '100')
    .replace('@charge', String(charge))
    .replace('@debit', debit)
    .replace('@reason', reason)

const HOLD = (change: string): string =>
  `INSERT INTO holds SELECT 'new', agent_pubkey, session_id, amount, started_at, lease_until, provider, model,
   price_version, request_digest, auth_json, recovery_tokens_json, recovery_charge, NULL FROM holds; ${change}`

const FIRST = `'sha256:${'0'.repeat(64)}'`
/** A good second receipt, of a debit of its own, with some columns changed. */
const RECEIPT = (change: Record<string, string>): string => {
  const good = {
    transaction_id: '9',
    agent_pubkey: 'agent_pubkey',
    seq: '2',
    prev: 'digest',
    digest: 'digest',
    text: 'text',
    signature: 'signature',
  }
  return `INSERT INTO transactions VALUES (9, '${AGENT}', 'DEBIT', 1, 1, '{}', 'x', NULL, 1);
    INSERT INTO receipts SELECT ${Object.values({ ...good, ...change }).join(', ')} FROM receipts`
}

const REFUSED: [promise: string, sql: string, error: RegExp][] = [
  ['L1: money from nowhere', 'UPDATE agents SET balance = balance + 1', /conservation/],
  ['L1: money that vanishes', 'UPDATE agents SET held = held - 1', /conservation/],
  [
    'L1: available below zero',
    'UPDATE agents SET balance = balance - 1000, held = held + 1000',
    /balance >= 0/,
  ],
  [
    'L1: held below zero',
    'UPDATE agents SET held = held - 200, balance = balance + 200',
    /held >= 0/,
  ],
  ['L1: frozen below zero', 'UPDATE agents SET frozen = -1, balance = balance + 1', /frozen >= 0/],
  ['L1: spent below zero', 'UPDATE agents SET spent = -1, balance = balance + 41', /spent/],
  [
    'L1: withdrawn below zero',
    'UPDATE agents SET withdrawn = -1, balance = balance + 1',
    /withdrawn/,
  ],
  ['L1: owed below zero', 'UPDATE agents SET owed = -1, balance = balance - 1', /owed/],
  ['C9: more settled than spent', 'UPDATE agents SET settled = spent + 1', /settled/],
  [
    'L1: sums that leave 64 bits',
    'UPDATE agents SET deposited = 4611686018427387904, balance = 4611686018427387904 - 140',
    /deposited/,
  ],
  ['L1: an amount that is no integer', 'UPDATE agents SET balance = 0.5', /INTEGER/],
  ['L3: a charge above its hold', call('x', 'settled', 101, '2', 'NULL'), /charge_within_hold/],
  ['L3: a released call with a charge', call('x', 'released', 1, 'NULL', "'why'"), /CHECK/],
  ['L3: a settled call without a debit', call('x', 'settled', 1, 'NULL', 'NULL'), /CHECK/],
  ['L4: a call that ends twice', call('ended', 'released', 0, 'NULL', "'why'"), /calls.request_id/],
  ['L4: a debit of two calls', call('x', 'settled', 40, '2', 'NULL'), /calls.transaction_id/],
  ['L4: a hold of an ended call', HOLD('').replace("'new'", "'ended'"), /has ended already/],
  ['L4: a second hold of a call', HOLD('').replace("'new'", "'open'"), /holds.request_id/],
  ['L3: a hold of nothing', HOLD('').replace('amount', '0'), /amount/],
  ['M7: a hold at unknown prices', HOLD('').replace('price_version', "'none'"), /FOREIGN KEY/],
  ['A3: a session beyond its limit', 'UPDATE sessions SET held = 151', /session_limit/],
  ['A3: a session that spends too much', 'UPDATE sessions SET spent = 51', /session_limit/],
  ['A3: a session below zero', 'UPDATE sessions SET held = -1', /held >= 0/],
  [
    'A3: two sessions of one token',
    "INSERT INTO sessions SELECT 's2', token_sha256, agent_pubkey, NULL, NULL, NULL, 1, 2, NULL, 0, 0, NULL, NULL FROM sessions",
    /token_sha256/,
  ],
  ['A2: a nonce twice', 'INSERT INTO nonces SELECT * FROM nonces LIMIT 1', /nonces/],
  [
    'C4: one index of a vault twice',
    "INSERT INTO deposits SELECT vault, deposit_index, agent_pubkey, amount, cumulative, depositor, 'x', '0', 1, 2 FROM deposits",
    /deposits.vault, deposits.deposit_index/,
  ],
  [
    'C4: one instruction twice',
    'INSERT INTO deposits SELECT vault, 2, agent_pubkey, amount, cumulative, depositor, signature, instruction_path, 1, 2 FROM deposits',
    /deposits.signature, deposits.instruction_path/,
  ],
  [
    'a journal entry of an unknown kind',
    `INSERT INTO transactions VALUES (NULL, '${AGENT}', 'GIFT', 1, 1, NULL, NULL, 's', 1)`,
    /type/,
  ],
  [
    'a debit without usage',
    `INSERT INTO transactions VALUES (NULL, '${AGENT}', 'DEBIT', 1, 1, NULL, 'r', NULL, 1)`,
    /CHECK/,
  ],
  [
    'a deposit without a signature',
    `INSERT INTO transactions VALUES (NULL, '${AGENT}', 'DEPOSIT', 1, 1, NULL, NULL, NULL, 1)`,
    /CHECK/,
  ],
  ...Object.entries({
    transactions: 'amount',
    calls: 'charge',
    deposits: 'amount',
    prices: 'json',
    binding: 'mint',
  }).flatMap(([table, column]): [string, string, RegExp][] => [
    [`history of ${table} changed`, `UPDATE ${table} SET ${column} = ${column}`, /append-only/],
    [`history of ${table} removed`, `DELETE FROM ${table}`, /append-only/],
  ]),
  [
    'C8: more frozen than is pending',
    'UPDATE agents SET frozen = 1, balance = balance - 1',
    /frozen_up_to_pending/,
  ],
  [
    'C9: a voucher that falls',
    "UPDATE vouchers SET cumulative = printf('%020d', 499)",
    /higher one only/,
  ],
  ['C9: a voucher that changes', 'UPDATE vouchers SET signature = signature', /higher one only/],
  ['C9: a voucher that goes', 'DELETE FROM vouchers', /append-only/],
  [
    'C9: a voucher of no known vault',
    `INSERT INTO vouchers SELECT 'x', 'nowhere', cumulative, signature, 1 FROM vouchers`,
    /FOREIGN KEY/,
  ],
  [
    'C9: a total that does not compare',
    "INSERT INTO vouchers SELECT 'x', vault, '500', signature, 1 FROM vouchers",
    /cumulative/,
  ],
  [
    'two vaults of an agent',
    `INSERT INTO vaults (vault, agent_pubkey) VALUES ('second', '${AGENT}')`,
    /vaults.agent_pubkey/,
  ],
  ['half a proof of a session', 'UPDATE sessions SET proof_message = NULL', /proof_message/],
  [
    'a charge without a receipt',
    `INSERT INTO transactions VALUES (9, '${AGENT}', 'DEBIT', 1, 1, '{}', 'x', NULL, 1); ${call('x', 'settled', 1, '9', 'NULL')}`,
    /a charge has a receipt/,
  ],
  ['a receipt of no debit', RECEIPT({ transaction_id: '1' }), /of a debit of its agent/],
  [
    "a receipt of another agent's debit",
    RECEIPT({ agent_pubkey: "'x'", seq: '1', prev: FIRST }),
    /of a debit of its agent/,
  ],
  ['two receipts of a debit', RECEIPT({ transaction_id: '2' }), /receipts.transaction_id/],
  ['a gap in the receipts', RECEIPT({ seq: '3' }), /follows the one before/],
  [
    'a fork of the receipts',
    RECEIPT({ seq: '1', prev: FIRST }),
    /receipts.agent_pubkey, receipts.seq/,
  ],
  ['a receipt that follows another', RECEIPT({ prev: "'sha256:x'" }), /follows the one before/],
  ['a receipt numbered 0', RECEIPT({ seq: '0', prev: 'NULL' }), /prev|seq/],
  ['a receipt that changes', "UPDATE receipts SET text = text || ' '", /append-only/],
  ['a receipt that is signed anew', 'UPDATE receipts SET signature = signature', /append-only/],
  ['a receipt whose signature is half', RECEIPT({ signature: "'x'" }), /signature/],
  ['a receipt that goes', 'DELETE FROM receipts', /append-only/],
  ['C10: a second binding', "INSERT INTO binding VALUES (2, 'a', 'b', 'c', 'd')", /id = 1/],
  ['C5: a second cursor', 'INSERT INTO cursor VALUES (2, 1, NULL)', /id = 1/],
]

for (const [promise, sql, error] of REFUSED) {
  test(`the file refuses ${promise}`, async () => {
    const { ledger, db } = await fullBooks()
    expect(() => db.exec(`BEGIN; ${sql}; COMMIT`)).toThrow(error)
    if (db.inTransaction) db.exec('ROLLBACK')
    expect(await ledger.audit()).toBeNull()
  })
}

const PAYOUT = (table: string, change: Record<string, string>): string => {
  const good = { vault: 'vault', cumulative: 'cumulative + 1', amount: '1', signature: "'new'" }
  const last = table === 'settlements' ? 'booked_at' : '1'
  return `INSERT INTO ${table} SELECT ${Object.values({ ...good, ...change }).join(', ')}, '0', 1, ${last} FROM ${table}`
}

const REFUSED_ON_EXIT: [promise: string, sql: string, error: RegExp][] = [
  [
    'C8: available while less is frozen than is pending',
    'UPDATE agents SET frozen = 299, balance = balance + 1',
    /freezes_first/,
  ],
  [
    'C8: frozen of one who owes',
    'UPDATE agents SET owed = 1, withdrawn = withdrawn + 1',
    /pays_first/,
  ],
  ...['settlements', 'withdrawals'].flatMap((table): [string, string, RegExp][] => [
    [`a gap in ${table}`, PAYOUT(table, { cumulative: 'cumulative + 2' }), /leave no gap/],
    [`${table} that overlap`, PAYOUT(table, { amount: '2' }), /leave no gap/],
    [`${table} of nothing`, PAYOUT(table, { cumulative: 'cumulative', amount: '0' }), /amount/],
    [`one instruction of ${table} twice`, PAYOUT(table, { signature: 'signature' }), /signature/],
    [
      `${table} of no known vault`,
      PAYOUT(table, { vault: "'nowhere'", cumulative: '1' }),
      /FOREIGN KEY/,
    ],
    [`${table} changed`, `UPDATE ${table} SET slot = slot`, /append-only/],
    [`${table} removed`, `DELETE FROM ${table}`, /append-only/],
  ]),
]

for (const [promise, sql, error] of REFUSED_ON_EXIT) {
  test(`the file refuses ${promise}`, async () => {
    const { ledger, db } = await fullBooks({ exit: true })
    expect(() => db.exec(`BEGIN; ${sql}; COMMIT`)).toThrow(error)
    if (db.inTransaction) db.exec('ROLLBACK')
    expect(await ledger.audit()).toBeNull()
  })
}

test('what is owed blocks every hold and is paid first, by a deposit and by freed money', async () => {
  const { ledger, db } = await fullBooks()
  // The chain paid out 960, which is 100 more than the books had to spare: that is owed.
  db.exec('UPDATE agents SET balance = 0, withdrawn = 960, owed = 100')
  const hold = await ledger.hold(holdRequest('r1', { amount: units(1n) }))
  expect(hold).toEqual({ kind: 'insufficient', available: 0n, owed: 100n })
  await ledger.settle(settlement('open', { charge: units(30n) }))
  expect(await ledger.balance(AGENT)).toMatchObject({ available: 0n, held: 0n, owed: 30n })
  await ledger.credit(depositFact(2, { amount: units(50n) }), NOW)
  expect(await ledger.balance(AGENT)).toMatchObject({ available: 20n, owed: 0n, deposited: 1_050n })
  expect(await ledger.hold(holdRequest('r2', { amount: units(20n) }))).toMatchObject({
    kind: 'held',
  })
})

const DRIFTS: [what: string, sql: string, found: RegExp][] = [
  [
    'a hold that nobody holds money for',
    'DELETE FROM holds',
    /held and the open holds: 100 against 0/,
  ],
  [
    'spending without a debit',
    'UPDATE agents SET spent = spent + 1, balance = balance - 1',
    /spent and the journal: 41 against 40/,
  ],
  [
    'a deposit that is not on the books',
    'UPDATE agents SET deposited = deposited + 5, balance = balance + 5',
    /deposited and the deposits: 1005 against 1000/,
  ],
  [
    'a withdrawal without an entry',
    'UPDATE agents SET withdrawn = withdrawn + 5, balance = balance - 5',
    /withdrawn and the journal: 205 against 200/,
  ],
  [
    'a withdrawal that the chain does not tell of',
    'DROP TRIGGER withdrawals_never_delete; DELETE FROM withdrawals',
    /withdrawn and the withdrawals: 200 against 0/,
  ],
  [
    'a settlement too many',
    'UPDATE agents SET settled = 31',
    /settled and the settlements: 31 against 30/,
  ],
  [
    'a vault that took more',
    'UPDATE vaults SET settled = 31',
    /settled and the vault's: 30 against 31/,
  ],
  [
    'a vault that gave more',
    'UPDATE vaults SET withdrawn = 201',
    /withdrawn and the vault's: 200 against 201/,
  ],
  [
    'a vault that got more',
    'UPDATE vaults SET deposited = 1001',
    /deposited and the vault's: 1000 against 1001/,
  ],
  [
    'a request that is not frozen for',
    'UPDATE vaults SET pending_withdrawal = 301',
    /pending withdrawal and the vault's: 300 against 301/,
  ],
  [
    'a missing receipt',
    'DROP TRIGGER receipts_never_delete; DELETE FROM receipts',
    /settled calls and receipts: 1 against 0/,
  ],
  [
    'a receipt of another total',
    `DROP TRIGGER receipts_only_get_signed; UPDATE receipts SET text = json_set(text, '$.spent', '41')`,
    /spent and the last receipt: 40 against 41/,
  ],
]

for (const [what, sql, found] of DRIFTS) {
  test(`L1: the audit finds ${what}`, async () => {
    const { ledger, db } = await fullBooks({ exit: true })
    expect(await ledger.audit()).toBeNull()
    db.exec(sql)
    expect(await ledger.audit()).toMatch(found)
  })
}
