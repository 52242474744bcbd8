import fc from 'fast-check'
import { expect } from 'vitest'
import { type Ledger, LedgerUnavailable } from '../../../src/ledger/ledger.ts'
import type { IssuedReceipt } from '../../../src/ledger/receipt-ledger.ts'
import {
  FIRST_PREV,
  type Receipt,
  receiptBytes,
  receiptDigest,
} from '../../../src/proof/receipt.ts'
import { type Backend, everyLedger, type Home } from '../backends.ts'
import { keyedRequest, NOW, PRICES, tokenOf } from '../facts.ts'
import { ModelLedger, THROWS } from './model-ledger.ts'
import {
  AGENTS,
  KEYS,
  NONCES,
  needsVoucher,
  type Operation,
  perform,
  SESSIONS,
  type Step,
  steps,
} from './operation.ts'

everyLedger(
  '$name: L1 L2 L3 L4 L8 A2 A3 A4 C4 C8 C9: whatever happens, the ledger is as the model says',
  async (backend) => {
    await fc.assert(
      fc.asyncProperty(steps, async (walk) => new Walk(backend).go(walk)),
      { numRuns: 150 },
    )
  },
)

/** The same steps on the model and on the real ledger. */
class Walk {
  readonly #model = new ModelLedger()
  #home: Home
  #ledger: Ledger
  #now = NOW

  constructor(backend: Backend) {
    this.#home = backend.newHome()
    this.#ledger = this.#home.open()
  }

  async go(walk: readonly Step[]): Promise<void> {
    await this.#ledger.storePrices(PRICES, '2026-11-21T12:00:00.000Z', '{}')
    for (const step of walk) {
      await this.#take(step)
      expect(await viewOf(this.#ledger, this.#now)).toEqual(this.#model.view(this.#now))
      await expectInvariants(this.#ledger)
    }
    await this.#ledger.close()
  }

  async #take(step: Step): Promise<void> {
    switch (step.step) {
      case 'time':
        this.#now += step.ms
        return
      case 'restart':
        await this.#ledger.close()
        this.#ledger = this.#home.open()
        return
      case 'operations': {
        const answers = await Promise.all(step.operations.map((op) => this.#ask(op)))
        for (const [index, op] of step.operations.entries()) this.#compare(op, answers[index])
        return
      }
      case 'power cut':
        return this.#cutPower(step.operations, step.turns)
    }
  }

  /** What had resolved when the power went is on the books after it, and nothing else. */
  async #cutPower(operations: readonly Operation[], turns: number): Promise<void> {
    const answers = new Map<Operation, unknown>()
    const asked = operations.map((op) => this.#ask(op).then((answer) => answers.set(op, answer)))
    for (let turn = 0; turn < turns; turn += 1) await new Promise((next) => setImmediate(next))
    this.#home = this.#home.afterPowerCut()
    const resolved = operations.filter((op) => answers.has(op))
    for (const op of resolved) this.#compare(op, answers.get(op))
    await Promise.all(asked)
    await this.#ledger.close()
    this.#ledger = this.#home.open()
  }

  async #ask(op: Operation): Promise<unknown> {
    try {
      return await perform(this.#ledger, op, this.#now)
    } catch (error) {
      expect(error).not.toBeInstanceOf(LedgerUnavailable)
      return THROWS
    }
  }

  #compare(op: Operation, answer: unknown): void {
    const expected = this.#model.apply(op, this.#now)
    if (typeof expected === 'object' && expected !== null)
      expect(answer, op.op).toMatchObject(expected)
    else expect(answer, op.op).toEqual(expected)
  }
}

/** What holds whatever the model thinks. */
async function expectInvariants(ledger: Ledger): Promise<void> {
  for (const { agent, pendingWithdrawal } of await ledger.vaults()) {
    const books = await ledger.balance(agent)
    const { available, held, frozen, spent, deposited, withdrawn, settled, owed } = books
    expect(deposited).toBe(available + held + frozen + spent + withdrawn - owed)
    for (const amount of Object.values(books)) expect(amount).toBeGreaterThanOrEqual(0n)
    expect(settled).toBeLessThanOrEqual(spent)
    if (available > 0n) expect([owed, frozen]).toEqual([0n, pendingWithdrawal])
    if (owed === 0n) expect(deposited - withdrawn).toBeGreaterThanOrEqual(spent + held)
    const signed = (await ledger.voucher(agent))?.cumulative ?? 0n
    if (needsVoucher(agent)) expect(spent + held).toBeLessThanOrEqual(signed)
  }
}

/** Of a chain without gaps, which is checked here, what the model knows. */
function receiptsOf(issued: readonly IssuedReceipt[]): unknown {
  let prev = FIRST_PREV
  return issued.map(({ text, seq }, index) => {
    const receipt = JSON.parse(text) as Receipt
    expect([seq, receipt.seq, receipt.prev]).toEqual([index + 1, index + 1, prev])
    prev = receiptDigest(receiptBytes(text))
    const { request_id, charge, held, spent, balance_after } = receipt
    return { request_id, charge, held, spent, balance_after }
  })
}

async function viewOf(ledger: Ledger, now: number): Promise<unknown> {
  const journal = async (agent: string) => {
    const rows = await ledger.transactions(agent, null, 500)
    return rows.reverse().map(({ type, amount, balanceAfter }) => ({ type, amount, balanceAfter }))
  }
  const calls = await ledger.calls(0, 500)
  const sessions = await Promise.all(SESSIONS.map((id) => ledger.sessionByToken(tokenOf(id), now)))
  const vaults = await ledger.vaults()
  return {
    balances: await Promise.all(AGENTS.map((agent) => ledger.balance(agent))),
    vouchers: await Promise.all(
      AGENTS.map(async (agent) => (await ledger.voucher(agent))?.cumulative ?? 0n),
    ),
    unsettled: (await ledger.unsettled()).map(({ agent }) => agent).toSorted(),
    receipts: await Promise.all(
      AGENTS.map(async (agent) => receiptsOf(await ledger.receipts(agent, 0, 500))),
    ),
    journals: await Promise.all(AGENTS.map(journal)),
    calls: calls.map((call) => ({
      requestId: call.requestId,
      state: call.state,
      charge: call.state === 'settled' ? call.charge : 0n,
    })),
    sessions: sessions.map((live) => live && { spent: live.spent, held: live.held }),
    nonces: await Promise.all(
      AGENTS.flatMap((agent) => NONCES.map((nonce) => ledger.nonceSpent(agent, nonce))),
    ),
    keys: await Promise.all(
      AGENTS.flatMap((agent) => KEYS.map((key) => ledger.recall(agent, keyedRequest(key)))),
    ),
    vaults: vaults
      .map(({ agent: _, depositIndex: __, ...vault }) => vault)
      .toSorted((a, b) => a.vault.localeCompare(b.vault)),
    slot: (await ledger.cursor())?.slot ?? -1,
    audit: await ledger.audit(),
  }
}
