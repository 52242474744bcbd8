import { Keypair, PublicKey, Transaction } from '@solana/web3.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { depositAddress, tokenAddress, vaultAddress } from '../../src/chain/addresses.ts'
import { priorityFee, recentPriorityFees } from '../../src/chain/priority-fees.ts'
import { connectRpc, RpcUnavailable } from '../../src/chain/rpc.ts'
import {
  cutIntoTransactions,
  type SettleStep,
  settleInstructions,
  transactionBytes,
  withBudget,
  writtenAccounts,
} from '../../src/chain/settle-transaction.ts'
import { describeError, isInstructionError, programError } from '../../src/chain/simulate.ts'
import { createTokenAccount } from '../../src/chain/token.ts'
import { units } from '../../src/money.ts'

const [program, gateway, mint, treasury] = [1, 2, 3, 4].map(
  (byte) => new PublicKey(Buffer.alloc(32, byte)),
) as [PublicKey, PublicKey, PublicKey, PublicKey]
const OPERATOR = Keypair.fromSeed(Buffer.alloc(32, 5))
const SETTLING = { authority: OPERATOR.publicKey, treasury }
const BUDGET = { computeUnits: 60_000, priorityFee: 1_000 }
const BLOCKHASH = new PublicKey(Buffer.alloc(32, 6)).toBase58()

function steps(count: number): SettleStep[] {
  return Array.from({ length: count }, (_, index) => ({
    parties: { program, gateway, mint, agent: new PublicKey(Buffer.alloc(32, 10 + index)) },
    vault: new PublicKey(Buffer.alloc(32, 100 + index)),
    cumulative: units(BigInt(index + 1)),
    voucher: { cumulative: units(1_000n), signature: Buffer.alloc(64, index) },
  }))
}

function bytesOf(transaction: Transaction): number {
  transaction.recentBlockhash = BLOCKHASH
  transaction.feePayer = OPERATOR.publicKey
  transaction.sign(OPERATOR)
  return transaction.serialize().length
}

describe('transactions that settle', () => {
  test.each([1, 2, 3])('the length is known before it is built: %i vaults', (count) => {
    const instructions = withBudget(BUDGET, settleInstructions(SETTLING, steps(count)))
    const built = new Transaction().add(...instructions)
    expect(transactionBytes(OPERATOR.publicKey, instructions)).toBe(bytesOf(built))
  })

  test('of any instructions', () => {
    const instruction = createTokenAccount(OPERATOR.publicKey, treasury, mint)
    const built = new Transaction().add(instruction)
    expect(transactionBytes(OPERATOR.publicKey, [instruction])).toBe(bytesOf(built))
  })

  test('three vaults go into one, and a fourth does not', () => {
    const lengths = (count: number) =>
      cutIntoTransactions(SETTLING, steps(count)).map(({ length }) => length)
    expect(lengths(0)).toEqual([])
    expect(lengths(3)).toEqual([3])
    expect(lengths(8)).toEqual([3, 3, 2])
    const four = withBudget(BUDGET, settleInstructions(SETTLING, steps(4)))
    expect(transactionBytes(OPERATOR.publicKey, four)).toBeGreaterThan(1_232)
  })

  test('whatever is cut keeps its order and fits', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10 }), (count) => {
        const all = steps(count)
        const cut = cutIntoTransactions(SETTLING, all)
        expect(cut.flat()).toEqual(all)
        for (const some of cut) {
          const instructions = withBudget(BUDGET, settleInstructions(SETTLING, some))
          expect(bytesOf(new Transaction().add(...instructions))).toBeLessThanOrEqual(1_232)
        }
      }),
      { numRuns: 11 },
    )
  })

  test('the written accounts are those that the instructions write', () => {
    const two = steps(2)
    const expected = two.flatMap(({ parties }) => {
      const vault = vaultAddress(program, gateway, parties.agent)
      return [vault, depositAddress(vault, mint)]
    })
    const named = writtenAccounts(settleInstructions(SETTLING, two))
    const texts = (keys: readonly PublicKey[]) => keys.map((key) => key.toBase58()).sort()
    expect(texts(named)).toEqual(texts([...expected, tokenAddress(treasury, mint)]))
  })
})

describe('priority', () => {
  test('never above the most, never falling with an attempt, above zero from the second on', () => {
    const recent = fc.array(fc.integer({ min: 0, max: 10_000_000 }))
    const most = fc.integer({ min: 0, max: 100_000_000 })
    fc.assert(
      fc.property(recent, fc.integer({ min: 0, max: 3 }), most, (paid, attempt, cap) => {
        const offer = priorityFee(paid, attempt, cap)
        expect(offer).toBeLessThanOrEqual(cap)
        expect(priorityFee(paid, attempt + 1, cap)).toBeGreaterThanOrEqual(offer)
        if (attempt > 0 && cap > 0) expect(offer).toBeGreaterThan(0)
      }),
    )
  })

  test.each([
    [[], 0, 0],
    [[], 1, 2_000],
    [[10, 20, 30, 40], 0, 40],
    [[5_000, 0, 0, 0, 0, 0, 0, 0], 0, 0],
    [[3_000, 3_000], 2, 12_000],
    [[900_000], 0, 100_000],
  ])('%j at attempt %i: %i', (recent, attempt, expected) => {
    expect(priorityFee(recent, attempt, 100_000)).toBe(expected)
  })

  test('a node that is not there is an outage, not silence', async () => {
    const rpc = connectRpc({ url: 'http://127.0.0.1:1', timeoutMs: 1_000 })
    await expect(recentPriorityFees(rpc, [])).rejects.toThrow(RpcUnavailable)
  })
})

test('errors of the program are said in its words, others as the node says them', () => {
  const nothing = { InstructionError: [3, { Custom: 6031 }] }
  expect(programError(nothing)).toBe(6031)
  expect(describeError(nothing)).toMatch(/^NothingToSettle: /)
  expect(describeError({ InstructionError: [3, { Custom: 17 }] })).toContain('17')
  expect(isInstructionError({ InstructionError: [2, 'InvalidAccountData'] })).toBe(true)
  expect(programError({ InstructionError: [2, 'InvalidAccountData'] })).toBeNull()
  expect(isInstructionError('AccountNotFound')).toBe(false)
  expect(isInstructionError({ InsufficientFundsForRent: { account_index: 0 } })).toBe(false)
})
