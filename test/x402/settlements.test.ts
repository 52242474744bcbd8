import { Keypair, PublicKey } from '@solana/web3.js'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { SendOutcome } from '../../src/chain/send.ts'
import { MAX_TIMEOUT_SECONDS } from '../../src/x402/requirements.ts'
import { Settlements } from '../../src/x402/settlements.ts'
import { networkOf } from '../../src/x402/wire.ts'
import { anyPayment, encode, header, instructionsOf, type Payment, sign } from './payment.ts'
import { newOperator, StubChain, siteOf } from './site.ts'

const AGENT = Keypair.generate().publicKey.toBase58()
const OTHER = Keypair.generate().publicKey.toBase58()

function newSite() {
  const { operator, signed } = newOperator()
  const site = siteOf(operator)
  const vaults = new Map([AGENT, OTHER].map((agent) => [agent, PublicKey.unique()]))
  const addresses = new Map([AGENT, OTHER].map((agent) => [agent, PublicKey.unique()]))
  const chain = new StubChain()
  const clock = { now: Date.parse('2026-11-21T12:00:00.000Z') }
  const credited: bigint[] = []
  const settlements = new Settlements({
    site,
    placeOf: (agent) => ({
      vault: vaults.get(agent)?.toBase58() ?? '',
      depositAddress: addresses.get(agent)?.toBase58() ?? '',
    }),
    operator,
    chain,
    credited: async (_, total) => void credited.push(total),
    log: { info: () => {}, warn: () => {} },
    now: () => clock.now,
  })
  function pay(changed: Partial<Payment> = {}, agent = AGENT): string {
    const destination = addresses.get(agent) ?? PublicKey.unique()
    const keys = { operator: new PublicKey(site.feePayer), mint: new PublicKey(site.mint) }
    const payment = anyPayment({ ...keys, destination, ...changed })
    const vault = vaults.get(agent)?.toBase58() ?? ''
    return header(site, vault, payment.amount, sign(payment, instructionsOf(payment)))
  }
  const settle = (payment: string, agent = AGENT, asker = agent) =>
    settlements.settle({ agent, asker, payment })
  return { chain, clock, signed, credited, pay, settle }
}

afterEach(() => vi.useRealTimers())

describe('C4: one payment', () => {
  test('is signed, sent and waited for once, however often it is presented at once', async () => {
    const { chain, signed, credited, pay, settle } = newSite()
    let land = (_: SendOutcome): void => {}
    chain.landing = () =>
      new Promise((resolve) => {
        land = resolve
      })
    const payment = pay()
    const answers = Array.from({ length: 20 }, () => settle(payment))
    await vi.waitFor(() => expect(chain.asked.land).toBe(1))
    land({ kind: 'landed', signature: '', slot: 7 })
    const [first, ...others] = await Promise.all(answers)
    expect(first).toMatchObject({ success: true, amount: '250000' })
    for (const other of others) expect(other).toEqual(first)
    expect(await settle(payment)).toEqual(first)
    expect([signed.count, chain.asked.simulate, chain.asked.land, credited]).toEqual([
      1,
      1,
      1,
      [300_000n],
    ])
  })

  test('is one agent’s: presented for another it is refused and nothing is signed', async () => {
    const { signed, pay, settle } = newSite()
    const answer = await settle(pay(), OTHER)
    expect(answer).toMatchObject({ success: false, errorReason: 'invalid_payment_requirements' })
    expect(signed.count).toBe(0)
  })

  test('that a node has executed already is not simulated again, and costs no second fee', async () => {
    const { chain, pay, settle } = newSite()
    chain.known = true
    chain.wouldFail = '"AlreadyProcessed"'
    expect(await settle(pay())).toMatchObject({ success: true })
    expect(chain.asked.simulate).toBe(0)
  })
})

describe('the operator’s fees', () => {
  test('are not spent on what would fail, which may be tried again', async () => {
    const { chain, pay, settle } = newSite()
    chain.wouldFail = '{"InstructionError":[2,{"Custom":1}]}'
    const payment = pay()
    expect(await settle(payment)).toMatchObject({
      success: false,
      errorReason: 'invalid_exact_svm_transaction_simulation_failed',
      transaction: '',
    })
    expect(chain.asked.land).toBe(0)
    chain.wouldFail = null
    expect(await settle(payment)).toMatchObject({ success: true })
  })

  test('are spent once an hour at most on an asker whose payments fail on chain', async () => {
    const { chain, clock, pay, settle } = newSite()
    chain.landing = async () => ({ kind: 'failed', signature: '', error: 'AccountInUse' })
    const failing = pay()
    const failure = await settle(failing)
    expect(failure).toMatchObject({ errorReason: 'invalid_exact_svm_transaction_failed' })
    expect(await settle(failing)).toEqual(failure)
    expect(await settle(pay())).toMatchObject({ errorReason: 'rate_limited' })
    expect(chain.asked.land).toBe(1)
    expect(await settle(pay({}, OTHER), OTHER)).toMatchObject({ success: false })
    expect(chain.asked.land).toBe(2)
    clock.now += 3_600_000
    await settle(pay())
    expect(chain.asked.land).toBe(3)
  })

  test('are bounded by six tries a minute of one asker; duplicates and refused ones are none', async () => {
    const { chain, clock, pay, settle } = newSite()
    const first = pay()
    for (let times = 0; times < 8; times++) await settle(first)
    for (let times = 0; times < 8; times++) await settle(pay({ amount: 1n }))
    for (let tries = 1; tries < 6; tries++) expect((await settle(pay())).success).toBe(true)
    expect(await settle(pay())).toMatchObject({ errorReason: 'rate_limited' })
    expect((await settle(pay(), AGENT, 'anyone')).success).toBe(true)
    clock.now += 60_000
    expect((await settle(pay())).success).toBe(true)
    expect(chain.asked.land).toBe(8)
  })

  test('are bounded by 32 payments under way at once', async () => {
    const { chain, pay, settle } = newSite()
    chain.landing = () => new Promise(() => {})
    for (let count = 0; count < 32; count++) void settle(pay(), AGENT, `asker ${count}`)
    expect(await settle(pay(), AGENT, 'late')).toMatchObject({
      errorReason: 'too_many_settlements',
    })
  })
})

describe('a payment', () => {
  test('is answered when the time is over, with what is known; presented again it is joined', async () => {
    vi.useFakeTimers()
    const { chain, pay, settle } = newSite()
    let land = (_: SendOutcome): void => {}
    chain.landing = () =>
      new Promise((resolve) => {
        land = resolve
      })
    const payment = pay()
    const answer = settle(payment)
    await vi.advanceTimersByTimeAsync(MAX_TIMEOUT_SECONDS * 1000)
    expect(await answer).toMatchObject({
      success: false,
      errorReason: 'settlement_pending',
      transaction: expect.stringMatching(/^\w{80,}$/),
    })
    const again = settle(payment)
    land({ kind: 'landed', signature: '', slot: 7 })
    expect(await again).toMatchObject({ success: true })
    expect(chain.asked.land).toBe(1)
  })

  test('that the network did not take, or that could not be signed, may be presented again', async () => {
    const { chain, pay, settle } = newSite()
    chain.landing = async () => ({ kind: 'expired', signature: '' })
    const payment = pay()
    expect(await settle(payment)).toMatchObject({ errorReason: 'transaction_expired' })
    chain.landing = () => Promise.reject(new Error('no answer'))
    expect(await settle(payment)).toMatchObject({ errorReason: 'unexpected_settle_error' })
    expect(chain.asked.land).toBe(2)
  })

  test.each<[string, RegExp, Record<string, unknown>]>([
    ['another scheme', /unsupported_scheme/, { scheme: 'upto' }],
    ['another network', /invalid_network/, { network: networkOf('mainnet') }],
    ['another mint', /invalid_payment/, { asset: OTHER }],
    ['another fee payer', /invalid_payment/, { extra: { feePayer: OTHER } }],
    ['less than the minimum', /invalid_payment/, { amount: '99999' }],
    ['another amount than it moves', /amount_mismatch/, { amount: '250001' }],
    ['no amount', /invalid_payload/, { amount: '1e6' }],
  ])('for %s is refused', async (_, reason, changed) => {
    const { signed, pay, settle } = newSite()
    const value = JSON.parse(Buffer.from(pay(), 'base64').toString()) as {
      accepted: Record<string, unknown>
    }
    const accepted = { ...value.accepted, ...changed }
    expect((await settle(encode({ ...value, accepted }))).errorReason).toMatch(reason)
    expect(signed.count).toBe(0)
  })

  test.each([
    '',
    'x',
    '!!!!',
    encode(null),
    encode({ x402Version: 1 }),
    encode([]),
    'A'.repeat(9_000),
  ])('that is none is refused: %.20s', async (text) => {
    expect(await newSite().settle(text)).toMatchObject({ errorReason: 'invalid_payload' })
  })
})
