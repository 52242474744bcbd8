// What an x402 client behind the signing fetch would pay is held to the pins, too: it pays whatever a 402 names.

import { Keypair, PublicKey } from '@solana/web3.js'
import { expect, test } from 'vitest'
import { createPinKeeper } from '../../src/agent/pin-keeper.ts'
import { depositAddress, vaultAddress } from '../../src/chain/addresses.ts'

const [program, gateway, mint] = [PublicKey.unique(), PublicKey.unique(), PublicKey.unique()]
const agent = Keypair.generate().publicKey
const vault = vaultAddress(program, gateway, agent)
const terms = {
  network: 'localnet',
  program: program.toBase58(),
  gateway: gateway.toBase58(),
  vault: vault.toBase58(),
  deposit_address: depositAddress(vault, mint).toBase58(),
  mint: mint.toBase58(),
  asset: 'USDC',
  decimals: 6,
}
const pins = {
  chain: 'localnet',
  program: terms.program,
  gateway: terms.gateway,
  mint: terms.mint,
} as const

function refusal(accepts: unknown, payment: object | undefined = terms): Response {
  const value = Buffer.from(JSON.stringify({ x402Version: 2, accepts })).toString('base64')
  const headers = { 'payment-required': value }
  return new Response(JSON.stringify({ error: {}, payment }), { status: 402, headers })
}

const keeper = createPinKeeper(pins, agent.toBase58(), {
  get: () => expect.fail('nothing is asked'),
  post: () => expect.fail('nothing is asked'),
})
const honest = { payTo: terms.vault, asset: terms.mint }

test('a 402 that asks for payment into the own vault may be paid', async () => {
  await keeper.checkRefusal(refusal([honest]))
})

test.each([
  ['another vault', refusal([{ ...honest, payTo: terms.gateway }]), /payTo/],
  ['another mint', refusal([{ ...honest, asset: terms.vault }]), /asset/],
  ['another vault beside it', refusal([honest, { ...honest, payTo: 'x' }]), /payTo/],
  ['something else', refusal('all'), /not what an x402 gateway sends/],
])('a 402 that names %s is not handed to the client', async (_, response, reason) => {
  await expect(keeper.checkRefusal(response)).rejects.toThrow(reason)
})

test('a 402 that says how to pay only where nobody checks it is not handed on', async () => {
  const bare = new Response('{}', { status: 402, headers: refusal([honest]).headers })
  await expect(keeper.checkRefusal(bare)).rejects.toThrow(/no payment beside it/)
})
