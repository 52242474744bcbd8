import {
  ComputeBudgetProgram,
  Ed25519Program,
  type Keypair,
  TransactionInstruction,
} from '@solana/web3.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CALLER_ID, forward } from '../../support/caller/caller.ts'
import { attempt, callWith, instructionOf, inVault, RIGHT } from './call.ts'
import { type ProgramChain, startScenario } from './chain.ts'
import { accountAt, balanceOf, eventsOf, fieldsOf, land } from './landed.ts'
import {
  BOOKED_UNITS,
  FAR_AHEAD_SECONDS,
  keypair,
  PENDING_UNITS,
  PROGRAM,
  SURPLUS_UNITS,
  VAULT,
  type VaultParts,
  WALLET,
} from './scenario.ts'
import { signedVoucher } from './vouchers.ts'

let chain: ProgramChain
const operator: Keypair = keypair('operator')
beforeAll(async () => {
  chain = await startScenario()
})
afterAll(() => chain.validator.stop())

const settling = (vault: VaultParts, cumulative: bigint) =>
  instructionOf(callWith('settle', inVault(vault), { cumulative }))

/** A settlement with its voucher just before it. */
function pair(vault: VaultParts, cumulative: bigint, signed = cumulative) {
  return [signedVoucher(vault, signed), settling(vault, cumulative)]
}

const sayTo = async (...instructions: readonly TransactionInstruction[]) =>
  (await attempt(chain.rpc, chain.feePayer, ...instructions)).said
const landAsOperator = (...instructions: readonly TransactionInstruction[]) =>
  land(chain.rpc, instructions, [operator])
const vaultFields = ({ address }: VaultParts) => fieldsOf(chain.rpc, 'Vault', address)
const treasuryUnits = () => balanceOf(chain.rpc, WALLET.treasury)

function settlementOf(vault: VaultParts, amount: bigint, cumulative: bigint) {
  const { address, gateway, agent } = vault
  const keys = { vault: `${address}`, gateway: `${gateway}`, agent: `${agent}` }
  const fields = { ...keys, amount: `${amount}`, cumulative: `${cumulative}` }
  return { name: 'SettlementEvent', fields }
}

test('C9: settle pays the difference once, counts it and says so; its voucher gives nothing twice', async () => {
  const vault = VAULT.open
  const before = await vaultFields(vault)
  const paidBefore = await treasuryUnits()
  const signature = await landAsOperator(...pair(vault, 700n, 1_000n))
  expect(await eventsOf(chain.rpc, signature)).toEqual([settlementOf(vault, 700n, 700n)])
  expect(await vaultFields(vault)).toEqual({ ...before, settled: '700' })

  expect(await sayTo(...pair(vault, 700n, 1_000n))).toBe('NothingToSettle')
  expect(await sayTo(...pair(vault, 699n, 1_000n))).toBe('NothingToSettle')
  const rest = await landAsOperator(...pair(vault, 1_000n))
  expect(await eventsOf(chain.rpc, rest)).toEqual([settlementOf(vault, 300n, 1_000n)])
  expect(await sayTo(...pair(vault, 1_000n))).toBe('NothingToSettle')
  expect(await sayTo(...pair(vault, 1_001n, 1_000n))).toBe('BeyondVoucher')

  expect(await treasuryUnits()).toBe(paidBefore + 1_000n)
  expect(await balanceOf(chain.rpc, vault.deposits)).toBe(BOOKED_UNITS + SURPLUS_UNITS - 1_000n)
})

describe('C8: a pending withdrawal', () => {
  const vault = VAULT.waiting

  test('stays as it is while enough is left, and is lowered to what is left', async () => {
    const before = await vaultFields(vault)
    const enough = BOOKED_UNITS - PENDING_UNITS
    await landAsOperator(...pair(vault, enough))
    expect(await vaultFields(vault)).toEqual({ ...before, settled: `${enough}` })

    await landAsOperator(...pair(vault, enough + 1n))
    const lowered = await vaultFields(vault)
    expect(lowered['pending_withdrawal']).toBe(`${PENDING_UNITS - 1n}`)
    expect(lowered['withdrawable_at']).toBe(`${FAR_AHEAD_SECONDS}`)
  })

  test('ends when nothing is left', async () => {
    await landAsOperator(...pair(vault, BOOKED_UNITS))
    const ended = await vaultFields(vault)
    expect(ended).toMatchObject({ pending_withdrawal: '0', withdrawable_at: '0' })
    expect(await balanceOf(chain.rpc, vault.deposits)).toBe(0n)
    const cancel = instructionOf(callWith('cancel_withdrawal', inVault(vault)))
    expect(await sayTo(cancel)).toBe('NoWithdrawalPending')
  })

  test('may be settled away when its delay is over and it was not taken', async () => {
    await landAsOperator(...pair(VAULT.due, BOOKED_UNITS))
    expect(await sayTo(instructionOf(RIGHT.withdraw))).toBe('NoWithdrawalPending')
  })
})

describe('several in one transaction', () => {
  const price = ComputeBudgetProgram.setComputeUnitPrice({ microLamports: 1 })
  const limit = ComputeBudgetProgram.setComputeUnitLimit({ units: 60_000 })

  test('three vaults with their vouchers, under a priority fee', async () => {
    const settlements = [VAULT.synced, VAULT.fullIndex].flatMap((vault) => pair(vault, 10n))
    const own = await vaultFields(VAULT.open)
    const third = BigInt(own['settled'] ?? 0) + 5n
    const signature = await landAsOperator(price, limit, ...settlements, ...pair(VAULT.open, third))
    expect(await eventsOf(chain.rpc, signature)).toEqual([
      settlementOf(VAULT.synced, 10n, 10n),
      settlementOf(VAULT.fullIndex, 10n, 10n),
      settlementOf(VAULT.open, 5n, third),
    ])
  })

  test('one vault twice, each after its own voucher', async () => {
    const signature = await landAsOperator(...pair(VAULT.synced, 20n), ...pair(VAULT.synced, 35n))
    expect(await eventsOf(chain.rpc, signature)).toEqual([
      settlementOf(VAULT.synced, 10n, 20n),
      settlementOf(VAULT.synced, 15n, 35n),
    ])
  })

  test('C9: vouchers in each other’s places settle nothing', async () => {
    const [one, other] = [VAULT.synced, VAULT.fullIndex]
    const crossed = [
      ...[signedVoucher(one, 100n), settling(other, 100n)],
      ...[signedVoucher(other, 100n), settling(one, 100n)],
    ]
    expect(await sayTo(...crossed)).toBe('WrongVoucherSigner')
  })
})

describe('C9: reached through another program', () => {
  const through = (call: TransactionInstruction) => forward(PROGRAM, call)

  test('the voucher just before the transaction’s own instruction is read, no other', async () => {
    const [voucher, settle] = pair(VAULT.synced, 50n)
    if (voucher === undefined || settle === undefined) throw new Error('no pair')
    expect(await sayTo(voucher, through(settle))).toBe('ok')
    expect(await sayTo(voucher, forward(CALLER_ID, through(settle)))).toBe('ok')
    expect(await sayTo(through(settle))).toBe('VoucherMissing')
    const checkedByCaller = forward(Ed25519Program.programId, voucher)
    expect(await sayTo(checkedByCaller, through(settle))).not.toBe('ok')
    const noop = new TransactionInstruction({ programId: CALLER_ID, keys: [], data: Buffer.of(9) })
    expect(await sayTo(voucher, noop, through(settle))).toBe('VoucherMissing')
    expect(await sayTo(voucher, through(settling(VAULT.synced, 51n)))).toBe('BeyondVoucher')
    expect(await sayTo(voucher, through(settling(VAULT.fullIndex, 50n)))).toBe('WrongVoucherSigner')
  })

  test('the caller’s own account of made-up instructions is refused', async () => {
    const accounts = { ...inVault(VAULT.synced), instructions_sysvar: WALLET.own }
    const settle = instructionOf(callWith('settle', accounts, { cumulative: 50n }))
    expect(await sayTo(signedVoucher(VAULT.synced, 50n), through(settle))).toBe('WrongSysvar')
  })
})

test('a deposit address that holds too little or is frozen pays nothing, by the Token program', async () => {
  const before = await accountAt(chain.rpc, VAULT.short.address)
  expect(await sayTo(...pair(VAULT.short, BOOKED_UNITS - 1n))).toBe('ok')
  expect(await sayTo(...pair(VAULT.short, BOOKED_UNITS))).toBe('token:1')
  expect(await sayTo(...pair(VAULT.frozen, 1n))).toBe('token:17')
  expect((await accountAt(chain.rpc, VAULT.short.address)).data).toEqual(before.data)
})

test('a vault that booked more out than in settles nothing', async () => {
  expect(await sayTo(...pair(VAULT.overdrawn, BOOKED_UNITS + 1n))).toBe('BooksBroken')
})
