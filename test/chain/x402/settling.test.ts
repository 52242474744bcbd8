// Payments on a real chain, presented as often as anybody likes, by payers who have the money and payers who don't.
import { createPrivateKey, sign as signBytes } from 'node:crypto'
import type { Keypair } from '@solana/web3.js'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { depositAddress, tokenAddress } from '../../../src/chain/addresses.ts'
import { transferChecked } from '../../../src/chain/token.ts'
import { USDC_DECIMALS, units } from '../../../src/money.ts'
import { connectPaymentChain, type PaymentChain } from '../../../src/x402/payment-chain.ts'
import { networkOf } from '../../../src/x402/wire.ts'
import { createX402, TOP_UP_MIN } from '../../../src/x402/x402.ts'
import {
  land,
  newAgent,
  startTestNetwork,
  type TestAgent,
  type TestNetwork,
} from '../../support/chain.ts'
import { Depositor, newGateway } from '../../support/watched-gateway.ts'
import { WAIT } from '../../support/watched-site.ts'
import { newLedgerFile, watchGateway } from '../../support/watching.ts'
import { header, instructionsOf, sign } from '../../x402/payment.ts'

const OPENED_WITH = 50_000n
const AMOUNT = 250_000n
/** Two signatures under the payment, its compute units at the client's price, one signature under `sync_vault`. */
const TWO_FEES = 10_000 + 1 + 5_000

let shared: TestNetwork
beforeAll(async () => {
  shared = await startTestNetwork()
})
afterAll(() => shared.stop())

/** A gateway with a watcher and an agent whose vault is open. `restart` gives the same x402 without its memory. */
async function newSite(through: (chain: PaymentChain) => PaymentChain = (chain) => chain) {
  const network = await newGateway(shared)
  const { rpc, mint, operator } = network
  const file = newLedgerFile()
  const watcher = watchGateway(network, file.ledger, network.validator)
  const closing = new AbortController()
  onTestFinished(async () => {
    closing.abort()
    await watcher.stop()
    await file.dispose()
  })
  const { agent, vault } = await Depositor.open(network, OPENED_WITH)
  const place = { vault: vault.toBase58(), depositAddress: depositAddress(vault, mint).toBase58() }
  const site = {
    network: networkOf('localnet'),
    mint: mint.toBase58(),
    decimals: USDC_DECIMALS,
    feePayer: operator.publicKey.toBase58(),
    minimum: TOP_UP_MIN,
  }
  const restart = () =>
    createX402({
      site,
      placeOf: () => place,
      operator: signerOf(operator),
      chain: through(connectPaymentChain(rpc, closing.signal)),
      ledger: file.ledger,
      wake: () => watcher.wake(),
      log: { info: () => {}, warn: () => {} },
      now: () => Date.now(),
      signal: closing.signal,
    })
  async function payment(payer: TestAgent): Promise<string> {
    const { blockhash } = await rpc.getLatestBlockhash('confirmed')
    const source = tokenAddress(payer.keypair.publicKey, mint)
    const destination = depositAddress(vault, mint)
    const paid = { payer: payer.keypair, mint, source, destination, amount: AMOUNT, decimals: 6 }
    const made = { ...paid, operator: operator.publicKey }
    return header(site, place.vault, AMOUNT, sign(made, instructionsOf(made), blockhash))
  }
  const deposited = async () => (await file.ledger.balance(agent.key)).deposited
  await vi.waitFor(async () => expect(await deposited()).toBe(OPENED_WITH), WAIT)
  const lamports = () => rpc.getBalance(operator.publicKey, 'confirmed')
  return { network, agent, restart, payment, deposited, lamports, ledger: file.ledger }
}

function signerOf(keypair: Keypair) {
  const seed = Buffer.from(keypair.secretKey.subarray(0, 32))
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed])
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  return {
    publicKey: keypair.publicKey.toBytes(),
    sign: async (message: Uint8Array) => new Uint8Array(signBytes(null, message, key)),
    close: async () => {},
  }
}

test('C4: one payment, presented ten times at once, later, and after a restart, credits once for two fees', async () => {
  const { agent, restart, payment, deposited, lamports, ledger } = await newSite()
  const x402 = restart()
  const before = await lamports()
  const presented = { agent: agent.key, asker: agent.key, payment: await payment(agent) }
  const answers = await Promise.all(Array.from({ length: 10 }, () => x402.settle(presented)))
  const [first] = answers
  expect(first).toMatchObject({ success: true, payer: agent.key, amount: '250000' })
  for (const answer of [...answers, await x402.settle(presented)]) expect(answer).toEqual(first)
  expect(await restart().settle(presented)).toEqual(first)
  expect(await deposited()).toBe(OPENED_WITH + AMOUNT)
  expect(before - (await lamports())).toBe(TWO_FEES)
  expect(await ledger.audit()).toBeNull()
})

test('what would fail is refused and costs nothing: a payer without money, a vault that is not open', async () => {
  const { network, restart, payment, deposited, lamports, agent } = await newSite()
  const x402 = restart()
  const before = await lamports()
  const poor = await newAgent(network, 1n)
  const refused = await x402.settle({
    agent: agent.key,
    asker: agent.key,
    payment: await payment(poor),
  })
  expect(refused.errorReason).toBe('invalid_exact_svm_transaction_simulation_failed')
  expect(await x402.ask(poor.key, units(1n), 'http://gw/', 'x')).toBeNull()
  expect(await x402.ask(agent.key, units(1n), 'http://gw/', 'x')).not.toBeNull()
  expect([await deposited(), await lamports()]).toEqual([OPENED_WITH, before])
})

test('a payer that takes its money away before the payment lands costs one fee, and waits from then on', async () => {
  let empty = async (): Promise<unknown> => null
  const { network, agent, restart, payment, deposited, lamports } = await newSite((chain) => ({
    ...chain,
    async land(signed) {
      await empty()
      return await chain.land(signed)
    },
  }))
  const { mint } = network
  const payer = await newAgent(network, AMOUNT)
  const owner = payer.keypair.publicKey
  const away = {
    source: tokenAddress(owner, mint),
    mint,
    destination: tokenAddress(agent.keypair.publicKey, mint),
    owner,
  }
  empty = () =>
    land(network, [transferChecked(away, units(AMOUNT), USDC_DECIMALS)], [payer.keypair])
  const x402 = restart()
  const before = await lamports()
  const presented = { agent: agent.key, asker: agent.key, payment: await payment(payer) }
  const failed = await x402.settle(presented)
  expect(failed).toMatchObject({
    success: false,
    errorReason: 'invalid_exact_svm_transaction_failed',
    transaction: expect.any(String),
  })
  expect(await x402.settle(presented)).toEqual(failed)
  const next = { ...presented, payment: await payment(agent) }
  expect((await x402.settle(next)).errorReason).toBe('rate_limited')
  expect(before - (await lamports())).toBe(10_001)
  expect(await deposited()).toBe(OPENED_WITH)
})
