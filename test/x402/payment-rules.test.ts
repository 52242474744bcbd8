import {
  AddressLookupTableAccount,
  ComputeBudgetProgram,
  Keypair,
  PublicKey,
  SystemProgram,
  Transaction,
  TransactionInstruction,
  TransactionMessage,
  VersionedTransaction,
} from '@solana/web3.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  COMPUTE_UNIT_PRICE_MAX,
  COMPUTE_UNITS_MAX,
  checkPayment,
  LIGHTHOUSE_PROGRAM,
  MEMO_PROGRAM,
} from '../../src/x402/payment-rules.ts'
import {
  anyPayment,
  BLOCKHASH,
  instructionsOf,
  memo,
  type Payment,
  sign,
  termsOf,
  transfer,
} from './payment.ts'

const limit = (units: number) => ComputeBudgetProgram.setComputeUnitLimit({ units })
const price = (microLamports: bigint) => ComputeBudgetProgram.setComputeUnitPrice({ microLamports })
const lighthouse = () =>
  new TransactionInstruction({
    programId: new PublicKey(LIGHTHOUSE_PROGRAM),
    keys: [],
    data: Buffer.from([1]),
  })

function reasonOf(payment: Payment, bytes: Uint8Array): string {
  const check = checkPayment(bytes, termsOf(payment))
  return check.kind === 'acceptable'
    ? 'acceptable'
    : check.reason.replace('invalid_exact_svm_payload_', '')
}

type Hostile = (payment: Payment) => Uint8Array | [Payment, Uint8Array]

/** The payment's instructions with some replaced. */
const instead =
  (
    change: (payment: Payment, usual: TransactionInstruction[]) => TransactionInstruction[],
    ...more: Keypair[]
  ): Hostile =>
  (payment) =>
    sign(payment, change(payment, instructionsOf(payment)), BLOCKHASH, [payment.payer, ...more])

describe('a payment that the operator signs', () => {
  const accepted: Record<string, Hostile> = {
    'as the published client builds it': (payment) => sign(payment, instructionsOf(payment)),
    'without a memo': instead((_, usual) => usual.slice(0, 3)),
    'with a wallet’s assertions': instead((_, usual) => [
      ...usual.slice(0, 3),
      lighthouse(),
      lighthouse(),
      memo('m'),
    ]),
    'at the caps': instead((_, [, , third = memo('')]) => [
      limit(COMPUTE_UNITS_MAX),
      price(COMPUTE_UNIT_PRICE_MAX),
      third,
    ]),
  }

  test.each(Object.keys(accepted))('is one %s', (name) => {
    const payment = anyPayment()
    const made = accepted[name]?.(payment) as Uint8Array
    const check = checkPayment(made, termsOf(payment))
    if (check.kind === 'refused') return expect.fail(check.message)
    expect(check.payment).toMatchObject({
      payer: payment.payer.publicKey.toBase58(),
      amount: payment.amount,
    })
    const signature = new Uint8Array(64).fill(7)
    const signed = VersionedTransaction.deserialize(check.payment.withSignature(signature))
    expect(signed.signatures[0]).toEqual(signature)
    expect(signed.message.serialize()).toEqual(check.payment.message)
  })
})

const EXTRA = Keypair.generate()
const HOSTILE: Record<string, [reason: string, make: Hostile]> = {
  'no transaction': ['transaction_could_not_be_decoded', () => new Uint8Array([1, 2, 3])],
  'a byte behind it': [
    'transaction_could_not_be_decoded',
    (p) => Buffer.concat([sign(p, instructionsOf(p)), Buffer.from([0])]),
  ],
  'a legacy message': ['transaction_instructions', legacy],
  'a lookup table': ['address_lookup_tables', byLookup],
  'another fee payer': [
    'fee_payer_mismatch',
    (p) => [p, sign({ ...p, operator: p.payer.publicKey }, instructionsOf(p))],
  ],
  'the operator’s own tokens': [
    'transaction_fee_payer_included_in_instruction_accounts',
    (p) => sign(p, instructionsOf({ ...p, payer: fakeKeypair(p.operator) }), BLOCKHASH, []),
  ],
  'the operator in a memo': [
    'transaction_fee_payer_included_in_instruction_accounts',
    instead((p, usual) => [...usual.slice(0, 3), memo('m', p.operator)]),
  ],
  'the operator as the source': [
    'transaction_fee_payer_included_in_instruction_accounts',
    instead((p, usual) => [...usual.slice(0, 2), transfer({ ...p, source: p.operator })]),
  ],
  'SOL of the operator': [
    'transaction_fee_payer_included_in_instruction_accounts',
    instead((p, usual) => [
      ...usual.slice(0, 3),
      SystemProgram.transfer({
        fromPubkey: p.operator,
        toPubkey: p.payer.publicKey,
        lamports: 1,
      }),
    ]),
  ],
  'a transfer alone': ['transaction_instructions_length', instead((_, usual) => usual.slice(2, 3))],
  'seven instructions': [
    'transaction_instructions_length',
    instead((_, usual) => [...usual, memo('a'), memo('b'), memo('c')]),
  ],
  'a limit that is not first': [
    'transaction_instructions_compute_limit_instruction',
    instead((_, [a = memo(''), b = memo(''), ...rest]) => [b, a, ...rest]),
  ],
  'a limit above the cap': [
    'transaction_instructions_compute_limit_instruction',
    instead((_, usual) => [limit(COMPUTE_UNITS_MAX + 1), ...usual.slice(1)]),
  ],
  'no price': [
    'transaction_instructions_compute_price_instruction',
    instead((_, [a = memo(''), , ...rest]) => [a, ...rest]),
  ],
  'a price above the cap': [
    'transaction_instructions_compute_price_instruction_too_high',
    instead((_, [a = memo(''), , ...rest]) => [a, price(COMPUTE_UNIT_PRICE_MAX + 1n), ...rest]),
  ],
  'a limit set twice': [
    'unknown_optional_instruction',
    instead((_, usual) => [...usual.slice(0, 3), limit(1_000_000)]),
  ],
  'a second transfer': [
    'unknown_optional_instruction',
    instead((p, usual) => [...usual.slice(0, 3), transfer(p)]),
  ],
  'another program’s instruction': [
    'unknown_optional_instruction',
    instead((p, usual) => [
      ...usual.slice(0, 3),
      new TransactionInstruction({ programId: p.mint, keys: [], data: Buffer.alloc(1) }),
    ]),
  ],
  'a third assertion': [
    'unknown_optional_instruction',
    instead((_, usual) => [...usual.slice(0, 3), lighthouse(), lighthouse(), lighthouse()]),
  ],
  'no transfer': [
    'no_transfer_instruction',
    instead((p, usual) => [...usual.slice(0, 2), memo('a', p.payer.publicKey)]),
  ],
  'a transfer of another kind': [
    'no_transfer_instruction',
    instead((p, usual) => [
      ...usual.slice(0, 2),
      withData(transfer(p), (data) => data.fill(3, 0, 1)),
    ]),
  ],
  'a transfer by a multisig': [
    'no_transfer_instruction',
    instead((p, usual) => {
      const shared = transfer(p)
      shared.keys.push({ pubkey: EXTRA.publicKey, isSigner: true, isWritable: false })
      return [...usual.slice(0, 2), shared]
    }, EXTRA),
  ],
  'another mint': [
    'mint_mismatch',
    instead((p, usual) => [...usual.slice(0, 2), transfer({ ...p, mint: PublicKey.unique() })]),
  ],
  'other decimals': [
    'mint_mismatch',
    instead((p, usual) => [...usual.slice(0, 2), transfer({ ...p, decimals: 5 })]),
  ],
  'another destination': [
    'recipient_mismatch',
    instead((p, usual) => [
      ...usual.slice(0, 2),
      transfer({ ...p, destination: PublicKey.unique() }),
    ]),
  ],
  'money that stays where it is': [
    'recipient_mismatch',
    instead((p, usual) => [...usual.slice(0, 2), transfer({ ...p, source: p.destination })]),
  ],
  'less money': [
    'amount_mismatch',
    instead((p, usual) => [...usual.slice(0, 2), transfer({ ...p, amount: p.amount - 1n })]),
  ],
  'more money': [
    'amount_mismatch',
    instead((p, usual) => [...usual.slice(0, 2), transfer({ ...p, amount: p.amount + 1n })]),
  ],
  'a third signature to pay for': [
    'excessive_signers',
    instead((_, usual) => [...usual.slice(0, 3), memo('m', EXTRA.publicKey)], EXTRA),
  ],
  'a signature in the operator’s place': [
    'excessive_signers',
    (p) => altered(sign(p, instructionsOf(p)), 1),
  ],
  'a signature that is not the payer’s': [
    'signature_invalid',
    (p) => altered(sign(p, instructionsOf(p)), 70),
  ],
  'no signature of the payer': [
    'signature_invalid',
    (p) => sign(p, instructionsOf(p), BLOCKHASH, []),
  ],
}

describe('C4: a hostile transaction is refused for its own reason:', () => {
  test.each(Object.keys(HOSTILE))('%s', (name) => {
    const [reason, make] = HOSTILE[name] ?? expect.fail()
    const payment = anyPayment()
    const made = make(payment)
    const bytes = Array.isArray(made) ? made[1] : made
    expect(reasonOf(payment, bytes)).toBe(reason)
  })

  test('any changed byte of a payment', () => {
    const payment = anyPayment()
    const bytes = sign(payment, instructionsOf(payment))
    for (let at = 0; at < bytes.length; at++) {
      const changed = altered(bytes, at, 1 << (at & 7))
      expect(reasonOf(payment, changed), `byte ${at}`).not.toBe('acceptable')
    }
  })

  test('whatever the bytes are; it never throws', () => {
    const payment = anyPayment()
    const bytes = sign(payment, instructionsOf(payment))
    const spliced = fc
      .tuple(fc.nat(bytes.length), fc.nat(40), fc.uint8Array({ maxLength: 40 }))
      .map(([at, gone, put]) => Buffer.concat([bytes.slice(0, at), put, bytes.slice(at + gone)]))
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 400 }), spliced), (made) => {
        fc.pre(!Buffer.from(bytes).equals(made))
        expect(reasonOf(payment, made)).not.toBe('acceptable')
      }),
      { numRuns: 500 },
    )
  })

  test('the programs are those that the scheme names', () => {
    expect(MEMO_PROGRAM).toBe('MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr')
    expect(LIGHTHOUSE_PROGRAM).toBe('L2TExMFKdjpN9kozasaurPirfHy9P8sbXoAN1qA3S95')
  })
})

function legacy(payment: Payment): Uint8Array {
  const transaction = new Transaction().add(...instructionsOf(payment))
  transaction.feePayer = payment.operator
  transaction.recentBlockhash = BLOCKHASH
  transaction.partialSign(payment.payer)
  return transaction.serialize({ requireAllSignatures: false })
}

/** The deposit address stands in a table, where nobody sees it. */
function byLookup(payment: Payment): Uint8Array {
  const table = new AddressLookupTableAccount({
    key: PublicKey.unique(),
    state: {
      deactivationSlot: 2n ** 64n - 1n,
      lastExtendedSlot: 0,
      lastExtendedSlotStartIndex: 0,
      addresses: [payment.destination],
    },
  })
  const message = new TransactionMessage({
    payerKey: payment.operator,
    recentBlockhash: BLOCKHASH,
    instructions: instructionsOf(payment),
  }).compileToV0Message([table])
  const transaction = new VersionedTransaction(message)
  transaction.sign([payment.payer])
  return transaction.serialize()
}

function withData(
  instruction: TransactionInstruction,
  change: (data: Buffer) => Buffer,
): TransactionInstruction {
  instruction.data = change(Buffer.from(instruction.data))
  return instruction
}

function altered(bytes: Uint8Array, at: number, bits = 1): Uint8Array {
  const changed = Uint8Array.from(bytes)
  changed[at] = (changed[at] ?? 0) ^ bits
  return changed
}

/** Somebody's address in the place of a key that is not ours to sign with. */
function fakeKeypair(publicKey: PublicKey): Keypair {
  return { publicKey } as Keypair
}
