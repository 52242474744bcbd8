/** What the chain holds, and transactions that strangers hand over. */
import { Keypair, Message, PublicKey, type VersionedTransactionResponse } from '@solana/web3.js'
import bs58 from 'bs58'
import fc from 'fast-check'
import { decodeGateway, decodeVault } from '../../src/chain/accounts.ts'
import { eventAuthority } from '../../src/chain/addresses.ts'
import { decodeTransaction } from '../../src/chain/events.ts'
import { readTokenAccount } from '../../src/chain/token.ts'
import { decodeAccountFields, decodeEventFields, NotReadable } from '../../src/chain/vault-coder.ts'
import { checkPayment } from '../../src/x402/payment-rules.ts'
import { readPaymentPayload } from '../../src/x402/wire.ts'
import vectors from '../vectors.json' with { type: 'json' }
import { anyPayment, header, instructionsOf, sign, termsOf } from '../x402/payment.ts'
import { type Fuzzer, fed, fuzzer, hold } from './fuzzer.ts'
import { ADDRESSES, AGENT, NETWORK } from './samples.ts'
import { floods, mutatedBytes, mutatedJson, mutatedText } from './wild.ts'

export const GATEWAY_DATA = Buffer.from(vectors.accounts.gateway.data_hex, 'hex')
export const VAULT_DATA = Buffer.from(vectors.accounts.vault.data_hex, 'hex')
const EVENT = Buffer.from(vectors.events.DepositEvent.instruction_data_hex, 'hex')
const TAG_BYTES = 8
export const TOKEN_DATA = Buffer.concat([
  new PublicKey(ADDRESSES.mint).toBuffer(),
  new PublicKey(AGENT).toBuffer(),
  Buffer.from('40420f0000000000', 'hex'),
  Buffer.alloc(36),
  Buffer.of(1),
  Buffer.alloc(56),
])

const program = new PublicKey(ADDRESSES.program)
const AUTHORITY = eventAuthority(program)
const KEYS = [new PublicKey(AGENT), program, AUTHORITY]

const PAYMENT = anyPayment({
  operator: Keypair.fromSeed(Buffer.alloc(32, 1)).publicKey,
  payer: Keypair.fromSeed(Buffer.alloc(32, 2)),
  mint: new PublicKey(Buffer.alloc(32, 3)),
  source: new PublicKey(Buffer.alloc(32, 4)),
  destination: new PublicKey(Buffer.alloc(32, 5)),
})
const PAID = Buffer.from(
  sign(PAYMENT, instructionsOf(PAYMENT), new PublicKey(Buffer.alloc(32, 6)).toBase58()),
)
const SITE = { network: NETWORK, mint: termsOf(PAYMENT).mint, feePayer: termsOf(PAYMENT).feePayer }
const PAYMENT_HEADER = header(SITE, AGENT, PAYMENT.amount, PAID)

/** A transaction whose inner instructions say these things, as web3.js hands it over. */
function transactionOf(
  inner: readonly { programIdIndex: number; accounts: readonly number[]; data: string }[],
): VersionedTransactionResponse {
  const message = new Message({
    header: {
      numRequiredSignatures: 1,
      numReadonlySignedAccounts: 0,
      numReadonlyUnsignedAccounts: 2,
    },
    accountKeys: KEYS,
    recentBlockhash: AGENT,
    instructions: [],
  })
  return {
    slot: 1,
    transaction: { message, signatures: [] },
    meta: {
      err: null,
      fee: 5_000,
      preBalances: [],
      postBalances: [],
      innerInstructions: [
        { index: 0, instructions: inner.map((one) => ({ ...one, accounts: [...one.accounts] })) },
      ],
    },
  }
}

export const CHAIN: readonly Fuzzer[] = [
  fuzzer({
    name: 'accounts',
    feeds: [
      'src/chain/accounts.ts#decodeGateway',
      'src/chain/accounts.ts#decodeVault',
      'src/chain/vault-coder.ts#decodeAccountFields',
      'src/chain/token.ts#readTokenAccount',
    ],
    input: mutatedBytes(GATEWAY_DATA, VAULT_DATA, TOKEN_DATA),
    feed(data) {
      fed(() => decodeGateway(data), NotReadable)
      const vault = fed(() => decodeVault(data), NotReadable)
      hold(vault === undefined || vault.deposited >= 0n, 'an amount below zero')
      fed(() => decodeAccountFields('Vault', data), NotReadable)
      fed(() => readTokenAccount(data))
    },
    floods: (bytes) => floods(bytes).map((text) => Buffer.from(text)),
  }),
  fuzzer({
    name: 'chain-events',
    feeds: ['src/chain/vault-coder.ts#decodeEventFields', 'src/chain/events.ts#decodeTransaction'],
    input: fc.record({
      event: mutatedBytes(EVENT),
      program: fc.constantFrom(1, 1, 1, 0, 2),
      accounts: fc.constantFrom([2], [2], [2], [0], [], [2, 2]),
    }),
    feed({ event, program: programIdIndex, accounts }) {
      fed(() => decodeEventFields(event.subarray(TAG_BYTES)), NotReadable)
      const inner = { programIdIndex, accounts, data: bs58.encode(event) }
      const honest = { programIdIndex: 1, accounts: [2], data: bs58.encode(EVENT) }
      const decoded = fed(() => decodeTransaction(transactionOf([inner, honest]), program))
      // C3, C5: one that cannot be read hides no other.
      const events = decoded?.kind === 'decoded' ? decoded.events : []
      hold(events.at(-1)?.path === '0.1', 'an honest event is hidden')
      const isOurs = programIdIndex === 1 && accounts[0] === 2
      hold(isOurs || events.length === 1, 'somebody else’s event counts')
    },
  }),
  fuzzer({
    name: 'payments',
    feeds: ['src/x402/payment-rules.ts#checkPayment'],
    input: mutatedBytes(PAID),
    feed(bytes) {
      const check = fed(() => checkPayment(bytes, termsOf(PAYMENT)))
      if (check?.kind === 'refused') hold(check.message !== '', 'refused without a message')
      else hold(bytes.equals(PAID), 'a transaction that nobody signed is paid for')
    },
    floods: (bytes) => floods(bytes).map((text) => Buffer.from(text)),
  }),
  fuzzer({
    name: 'payment-headers',
    feeds: ['src/x402/wire.ts#readPaymentPayload'],
    input: fc.oneof(
      mutatedText(PAYMENT_HEADER),
      mutatedJson(JSON.parse(Buffer.from(PAYMENT_HEADER, 'base64').toString())).map((json) =>
        Buffer.from(json).toString('base64'),
      ),
    ),
    feed(text) {
      const outcome = fed(() => readPaymentPayload(text))
      hold(outcome?.kind !== 'refused' || outcome.message !== '', 'refused without a message')
    },
    floods,
  }),
]
