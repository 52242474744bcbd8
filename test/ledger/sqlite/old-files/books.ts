/** The books in every stored file of an old schema: some of everything. */
import type { Ledger } from '../../../../src/ledger/ledger.ts'
import { units } from '../../../../src/money.ts'
import {
  AGENT,
  BINDING,
  depositFact,
  fund,
  holdRequest,
  NOW,
  sessionOpening,
  settlement,
} from '../../facts.ts'

export async function fillBooks(ledger: Ledger): Promise<void> {
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

/** All that a ledger says of those books. */
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
    audit: await ledger.audit(),
  }
}
