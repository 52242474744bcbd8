/** An operator's key, its payment site, and a chain on which a test decides what happens. */
import { generateKeyPairSync, sign } from 'node:crypto'
import { PublicKey } from '@solana/web3.js'
import type { SendOutcome } from '../../src/chain/send.ts'
import { type Units, units } from '../../src/money.ts'
import type { MessageSigner } from '../../src/signers/message-signer.ts'
import type { PaymentChain } from '../../src/x402/payment-chain.ts'
import type { PaymentSite } from '../../src/x402/requirements.ts'
import { networkOf } from '../../src/x402/wire.ts'

/** Counts what it is asked. */
export class StubChain implements PaymentChain {
  readonly asked = { simulate: 0, land: 0 }
  known = false
  wouldFail: string | null = null
  landing: () => Promise<SendOutcome> = async () => ({ kind: 'landed', signature: '', slot: 7 })
  arrived: (vault: string) => Promise<Units> = async () => units(300_000n)
  knows = async () => this.known
  simulate = async () => {
    this.asked.simulate += 1
    return this.wouldFail
  }
  lastValidBlockHeight = async () => 150
  land = async () => {
    this.asked.land += 1
    return await this.landing()
  }
  inflow = (vault: string) => this.arrived(vault)
}

/** Signs, and counts its signatures. */
export function newOperator(): { operator: MessageSigner; signed: { count: number } } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const signed = { count: 0 }
  const operator: MessageSigner = {
    publicKey: publicKey.export({ format: 'der', type: 'spki' }).subarray(-32),
    async sign(message) {
      signed.count += 1
      return sign(null, message, privateKey)
    },
    async close() {},
  }
  return { operator, signed }
}

export function siteOf(operator: MessageSigner): PaymentSite {
  return {
    network: networkOf('localnet'),
    mint: PublicKey.unique().toBase58(),
    decimals: 6,
    feePayer: new PublicKey(operator.publicKey).toBase58(),
    minimum: units(100_000n),
  }
}
