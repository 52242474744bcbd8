/** A call that the agent cannot afford, a plain transfer by somebody else, and the same call again. */
import { setTimeout as delay } from 'node:timers/promises'
import { Keypair, PublicKey } from '@solana/web3.js'
import type { Payment } from '../../agent/wire.ts'
import { tokenAddress } from '../../chain/addresses.ts'
import { sendTransaction } from '../../chain/send.ts'
import { readTokenAccount, transferChecked } from '../../chain/token.ts'
import { systemClock } from '../../clock.ts'
import { formatUsdc, type Units, USDC_DECIMALS, units } from '../../money.ts'
import { call, debitOf, headerOf } from './calls.ts'
import { MODELS, type Stage } from './stage.ts'

const TARGET = '/v1/messages'
const POLL_MS = 200
const WITHIN_MS = 30_000
/** The watcher leaves less than this where it is. */
const MIN_SYNC: Units = units(10_000n)

export async function topUpScene(stage: Stage): Promise<void> {
  const { narrator, agent } = stage
  narrator.scene('A call beyond the balance: 402, with instructions')
  const listed = (await agent.prices()).models[MODELS.dear]
  const body = {
    model: MODELS.dear,
    max_tokens: listed?.max_output_tokens,
    messages: [{ role: 'user', content: 'Think as long as you like.' }],
  }
  const refused = await call(agent, TARGET, body)
  const { payment } = (await refused.json()) as { readonly payment: Payment }
  narrator.holds('the gateway answers 402', refused.status === 402)
  await narrator.figure(
    'required (units)',
    payment.required,
    'http',
    async () => (await agent.quote(body)).worst_case,
  )
  await narrator.figure('available (units)', payment.available, 'ledger', async () =>
    (await stage.ledger.balance(agent.publicKey)).available.toString(),
  )
  const { required, available, shortfall } = payment
  narrator.holds(
    'the shortfall is the difference',
    BigInt(required) - BigInt(available) === BigInt(shortfall),
  )
  await narrator.figure(
    'deposit address',
    payment.deposit_address,
    'http',
    async () => (await agent.depositTerms()).deposit_address,
  )

  narrator.scene('Somebody else sends the shortfall by a plain transfer')
  const amount = BigInt(shortfall) > MIN_SYNC ? units(BigInt(shortfall)) : MIN_SYNC
  await transfer(stage, payment, amount)
  await credited(stage, BigInt(available) + amount)
  const now = await agent.balance()
  await narrator.figure('available (USDC)', formatUsdc(BigInt(now.available)), 'ledger', async () =>
    formatUsdc((await stage.ledger.balance(agent.publicKey)).available),
  )

  narrator.scene('The same call again: success')
  const answered = await call(agent, TARGET, body)
  await answered.text()
  narrator.holds('the gateway answers 200', answered.status === 200)
  const debit = await debitOf(stage, headerOf(answered, 'x-request-id'))
  await narrator.figure('charged (units)', headerOf(answered, 'x-charge'), 'ledger', async () =>
    debit.amount.toString(),
  )
}

/** Sends USDC as an exchange would: it knows nothing of the program. */
async function transfer(stage: Stage, payment: Payment, amount: Units): Promise<void> {
  const { narrator, rpc } = stage
  const stranger = Keypair.generate()
  await stage.fund(stranger.publicKey.toBase58(), formatUsdc(amount))
  const mint = new PublicKey(payment.mint)
  const destination = new PublicKey(payment.deposit_address)
  const held = async () => {
    const account = await rpc.getAccountInfo(destination, 'finalized')
    return account === null ? 0n : (readTokenAccount(account.data)?.amount ?? 0n)
  }
  const before = await held()
  const source = tokenAddress(stranger.publicKey, mint)
  const parties = { source, mint, destination, owner: stranger.publicKey }
  const instruction = transferChecked(parties, amount, USDC_DECIMALS)
  const outcome = await sendTransaction(rpc, [instruction], [stranger], 'finalized')
  if (outcome.kind !== 'landed') throw new Error(`the transfer ${outcome.kind}`)
  narrator.say(`${stranger.publicKey} → ${destination}, transaction ${outcome.signature}`)
  await narrator.figure('it moved (units)', amount.toString(), 'rpc', async () =>
    ((await held()) - before).toString(),
  )
  narrator.say('… the watcher sees the surplus, calls sync_vault, and credits the deposit')
}

async function credited({ agent }: Stage, wanted: bigint): Promise<void> {
  const deadline = systemClock() + WITHIN_MS
  while (BigInt((await agent.balance()).available) < wanted) {
    if (systemClock() > deadline)
      throw new Error(`the transfer is not credited after ${WITHIN_MS} ms`)
    await delay(POLL_MS)
  }
}
