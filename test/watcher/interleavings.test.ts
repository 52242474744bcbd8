/**
 * C8 at every interleaving: an honest ledger and a hostile agent, whose deposits, calls, requests, cancels and
 * withdrawals come between any two looks of a watcher that is killed, whose node lags, hides, fails and forks.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { NodeView } from './scripted/node.ts'
import { ScriptedSite } from './scripted/site.ts'
import { type Act, FIRST_SLOT, type Landed, type VaultChain } from './scripted/vault-chain.ts'

const FUNDS = 1_000n

type Look = Partial<NodeView & { readonly hides: number }>

type Step =
  | { readonly kind: 'land'; readonly acts: readonly Act[] }
  | { readonly kind: 'hold'; readonly amount: bigint }
  | { readonly kind: 'end'; readonly charge: bigint }
  | { readonly kind: 'settle' }
  | { readonly kind: 'withdraw' }
  | { readonly kind: 'sweep'; readonly view: Look; readonly dies: boolean }
  | { readonly kind: 'wait'; readonly slots: number }
  | { readonly kind: 'finalize'; readonly behind: number }
  | { readonly kind: 'drop'; readonly slots: number }

const amount = fc.bigInt(1n, 600n)
const acts = fc.oneof(
  fc.record({ kind: fc.constant('deposit' as const), amount }),
  fc.record({ kind: fc.constant('request' as const), amount }),
  fc.constant({ kind: 'cancel' as const }),
)
const view = fc.record(
  {
    confirmedLag: fc.constantFrom(0, 1, 3, 40),
    finalLag: fc.constantFrom(0, 2, 50),
    shuffled: fc.boolean(),
    failing: fc.subarray(['getSignaturesForAddress', 'getMultipleAccounts:finalized', 'getSlot']),
    answers: fc.nat(12),
    /** So many of the newest transactions are in no list. */
    hides: fc.nat(2),
  },
  { requiredKeys: [] },
)
const sweep = fc.record({ kind: fc.constant('sweep' as const), view, dies: fc.boolean() })
const land = fc.record({
  kind: fc.constant('land' as const),
  acts: fc.array(acts, { minLength: 1, maxLength: 3 }),
})
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: land },
  { weight: 4, arbitrary: sweep },
  { weight: 2, arbitrary: fc.constant({ kind: 'sweep', view: {}, dies: false } as const) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('hold' as const), amount }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('end' as const), charge: amount }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'settle' } as const) },
  { weight: 3, arbitrary: fc.constant({ kind: 'withdraw' } as const) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('wait' as const), slots: fc.nat(30) }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('finalize' as const), behind: fc.nat(4) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('drop' as const), slots: fc.nat(4) }) },
)

/** The last transaction up to a slot that began or called off a withdrawal; what it began may be paid out since. */
function lastTurn(chain: VaultChain, slot: number): Landed | undefined {
  const turns = ['WithdrawalRequestedEvent', 'WithdrawalCancelledEvent']
  return chain.landed.findLast(
    (one) => one.slot <= slot && turns.includes(one.emitted?.event ?? ''),
  )
}

/** One agent's story, and what must hold at each of its moments. */
class Story {
  readonly site: ScriptedSite
  readonly #vouchers: boolean
  /** Signatures of the requests that an answer has shown. */
  readonly #shown = new Set<string>()

  constructor(site: ScriptedSite, vouchers: boolean) {
    this.site = site
    this.#vouchers = vouchers
  }

  async take(step: Step): Promise<void> {
    const { site } = this
    const { chain } = site
    switch (step.kind) {
      case 'land':
        return site.land(...step.acts)
      case 'hold':
        await site.hold(step.amount)
        return
      case 'end':
        return site.end(step.charge)
      case 'settle':
        return site.settle()
      case 'withdraw':
        return this.#withdraw()
      case 'sweep':
        await this.#sweep(step.view)
        if (step.dies) site.restart()
        return
      case 'wait':
        return chain.wait(step.slots)
      case 'finalize':
        return chain.finalize(chain.slot - step.behind)
      case 'drop':
        return chain.drop(step.slots)
    }
  }

  async #sweep({ hides = 0, ...view }: Look): Promise<void> {
    const { chain } = this.site
    const { confirmedLag = 0, answers = Number.POSITIVE_INFINITY } = view
    const hidden = hides === 0 ? [] : chain.landed.slice(-hides).map(({ signature }) => signature)
    await this.site.sweep({ ...view, hidden })
    const turn = lastTurn(chain, Math.max(FIRST_SLOT, chain.slot - confirmedLag))
    if (answers > 0 && turn !== undefined) this.#shown.add(turn.signature)
  }

  /** The agent takes its money as soon as the program lets it; with vouchers, the operator was there in time. */
  async #withdraw(): Promise<void> {
    const { site } = this
    const { pending, withdrawableAt } = site.chain.tip
    if (pending === 0n) return
    if (this.#vouchers) await this.#collect()
    site.chain.wait(Math.max(0, withdrawableAt - site.chain.seconds - 1))
    site.land({ kind: 'withdraw' })
    if (!this.#vouchers) return
    const { deposited, withdrawn } = site.chain.tip
    const { spent, held } = await site.balance()
    expect(withdrawn).toBeLessThanOrEqual(deposited - spent - held)
  }

  /** Within the delay: sees the request, lets the calls of before it end, settles what was spent. */
  async #collect(): Promise<void> {
    const { site } = this
    await this.#sweep({})
    await site.endAll()
    await site.settle()
  }

  async check(): Promise<void> {
    const { site } = this
    expect(await site.ledger.audit()).toBeNull()
    const { owed, available, spent, held, withdrawn } = await site.balance()
    const books = await site.books()
    expect(available).toBeGreaterThanOrEqual(0n)
    if (this.#vouchers) expect(owed).toBe(0n)
    // What is owed was not in the vault when the last booked withdrawal was paid.
    const paid = site.chain.landed.find(({ after }) => after.withdrawn === withdrawn)
    const short = spent + held + withdrawn - (paid?.after.deposited ?? 0n)
    expect(owed).toBeLessThanOrEqual(short > 0n ? short : 0n)
    if (owed > 0n) expect(await site.hold(1n)).toMatchObject({ kind: 'insufficient' })

    // A request that was shown thaws by a cancel or a settlement that is final, or by a fork that is.
    for (const slot of [site.chain.slot, site.chain.finalSlot]) {
      const turn = lastTurn(site.chain, slot)
      if (turn?.emitted?.event !== 'WithdrawalRequestedEvent') continue
      if (!this.#shown.has(turn.signature)) continue
      const { withdrawn: taken, pending } = site.chain.at(slot)
      expect(books.leaving, turn.signature).toBeGreaterThanOrEqual(taken + pending)
    }
  }
}

test.each([
  ['with vouchers required the operator loses no unit', true],
  ['without vouchers a shortfall is owed, and never more than that', false],
])('C8: %s', async (_, vouchers) => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      const site = await ScriptedSite.open({ vouchers })
      try {
        await site.fund(FUNDS)
        const story = new Story(site, vouchers)
        for (const one of steps) {
          await story.take(one)
          await story.check()
        }
        await site.untilEqual()
        const { deposited, withdrawn, spent, held, owed } = await site.balance()
        const short = spent + held + withdrawn - deposited
        expect(owed).toBe(short > 0n ? short : 0n)
      } finally {
        await site.dispose()
      }
    }),
    { numRuns: 40 },
  )
})
