/** The books in the stored files of old schemas: some of everything that a ledger of that schema knew. */
import type { Ledger } from '../../../../src/ledger/ledger.ts'
import { units } from '../../../../src/money.ts'
import {
  AGENT,
  BINDING,
  depositFact,
  fund,
  holdRequest,
  keptAnswer,
  keyedRequest,
  NOW,
  payoutFact,
  sessionOpening,
  settlement,
  voucherOf,
  withdrawalReading,
} from '../../facts.ts'

async function fillSchema1(ledger: Ledger): Promise<void> {
  await ledger.bind(BINDING)
  await fund(ledger, 1_000n)
  await ledger.credit(depositFact(2), NOW)
  const terms = { spendLimit: units(150n), models: ['m'], label: 'l', expiresAt: NOW + 1_000 }
  const nonce = { value: 'challenge', forgetAt: NOW + 1_000 }
  await ledger.openSession(sessionOpening('s1', terms, { nonce, tokenSha256: '0'.repeat(64) }), NOW)
  for (const id of ['settled', 'released', 'open']) await ledger.hold(holdRequest(id))
  await ledger.settle(settlement('settled'))
  await ledger.release({ requestId: 'released', at: NOW, reason: 'upstream_error' })
  await ledger.hold(holdRequest('in session', { nonce: null, sessionId: 's1' }))
  await ledger.quarantine({ signature: 'x', slot: 3, reason: 'truncated', at: NOW })
  await ledger.knowVault('frozen vault', 'another agent')
  await ledger.noteFrozen('frozen vault', true)
  await ledger.replacePending([{ agent: AGENT, signature: 'p', amount: units(7n) }])
  await ledger.advance({ slot: 3, signature: 'x' })
}

/** On top of it, what leaves a vault and what was signed for it. */
async function fillSchema2(ledger: Ledger): Promise<void> {
  await ledger.keepVoucher(AGENT, voucherOf(2n ** 64n - 1n), NOW)
  await ledger.bookSettlement(payoutFact(30n, 30n), NOW)
  await ledger.noteWithdrawal(withdrawalReading({ pending: units(900n), withdrawableAt: 77 }), NOW)
  await ledger.bookWithdrawal(payoutFact(200n, 200n), NOW)
}

/** On top of it, calls that came with a key. */
async function fillSchema3(ledger: Ledger): Promise<void> {
  for (const id of KEYED) await ledger.hold(holdRequest(id, { keyed: keyedRequest(id) }))
  await ledger.settle(settlement(KEYED[0], { answer: keptAnswer() }))
  await ledger.settle(settlement(KEYED[1]))
  await ledger.release({ requestId: KEYED[2], at: NOW, reason: 'upstream_error' })
}

const KEYED = ['keyed, answered', 'keyed, charged', 'keyed, released', 'keyed, open'] as const

const FILLS = [fillSchema1, fillSchema2, fillSchema3]

/** Fills the books with all that a ledger of this schema knew. */
export async function fillBooks(ledger: Ledger, schema: number): Promise<void> {
  for (const fill of FILLS.slice(0, schema)) await fill(ledger)
}

/** All that a ledger of any schema says of those books. */
export async function readBooks(ledger: Ledger): Promise<unknown> {
  return {
    binding: await ledger.bind(BINDING),
    balance: await ledger.balance(AGENT),
    transactions: await ledger.transactions(AGENT, null, 100),
    calls: await ledger.calls(0, 100),
    session: await ledger.sessionByToken('0'.repeat(64), NOW),
    nonces: [await ledger.nonceSpent(AGENT, 'challenge'), await ledger.nonceSpent(AGENT, 'other')],
    vaults: await ledger.vaults(),
    quarantined: await ledger.quarantined(),
    pending: await ledger.pending(AGENT),
    cursor: await ledger.cursor(),
    receipts: await ledger.receipts(AGENT, 0, 100),
    unsettled: await ledger.unsettled(),
    recalled: await Promise.all(KEYED.map((id) => ledger.recall(AGENT, keyedRequest(id)))),
    audit: await ledger.audit(),
  }
}
