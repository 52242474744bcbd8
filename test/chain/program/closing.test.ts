import type { TransactionInstruction } from '@solana/web3.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  closeDepositAddress,
  openVault,
  requestWithdrawal,
  syncVault,
} from '../../../src/chain/instructions.ts'
import { createTokenAccount } from '../../../src/chain/token.ts'
import { units } from '../../../src/money.ts'
import { attempt, callWith, instructionOf, inVault, partiesOf } from './call.ts'
import { type ProgramChain, startScenario } from './chain.ts'
import { accountAt, balanceOf, eventsOf, fieldsOf, land } from './landed.ts'
import { BOOKED_UNITS, DELAY_SECONDS, keypair, MINT, VAULT, type VaultParts } from './scenario.ts'
import { signedVoucher } from './vouchers.ts'

let chain: ProgramChain
beforeAll(async () => {
  chain = await startScenario()
})
afterAll(() => chain.validator.stop())

const TOKEN_ACCOUNT_SIZE = 165
const sayTo = async (...instructions: readonly TransactionInstruction[]) =>
  (await attempt(chain.rpc, chain.feePayer, ...instructions)).said
const landAs = (vault: VaultParts, ...instructions: readonly TransactionInstruction[]) =>
  land(chain.rpc, instructions, [chain.validator.payer, vault.agentKey])

const reopening = (vault: VaultParts, delaySeconds: bigint) =>
  openVault(partiesOf(vault), chain.validator.payer.publicKey, delaySeconds)
const settling = (vault: VaultParts, cumulative: bigint) =>
  instructionOf(callWith('settle', inVault(vault), { cumulative }))
const depositing = (vault: VaultParts, amount: bigint) =>
  instructionOf(callWith('deposit', inVault(vault), { amount }))

describe('close_deposit_address', () => {
  test.each<[string, string, VaultParts]>([
    ['money is booked', 'MoneyLeft', VAULT.open],
    ['a withdrawal is pending', 'MoneyLeft', VAULT.waiting],
    ['a withdrawal is pending of nothing', 'MoneyLeft', VAULT.emptyAsked],
    ['something was sent there that nobody booked', 'MoneyLeft', VAULT.dusty],
    ['more went out than came in', 'BooksBroken', VAULT.overdrawn],
    ['nothing is left', 'ok', VAULT.empty],
  ])('while %s: %s', async (_, said, vault) => {
    expect(await sayTo(closeDepositAddress(partiesOf(vault)))).toBe(said)
  })

  test('C9: the rent goes to the agent; the vault stays, and comes back as it was', async () => {
    const vault = VAULT.empty
    const counted = (await accountAt(chain.rpc, vault.address)).data
    const { settled = '' } = await fieldsOf(chain.rpc, 'Vault', vault.address)
    const { lamports: tokenLamports } = await accountAt(chain.rpc, vault.deposits)
    const { lamports } = await accountAt(chain.rpc, vault.agent)

    const closed = await landAs(vault, closeDepositAddress(partiesOf(vault)))
    expect(await eventsOf(chain.rpc, closed)).toEqual([])
    expect((await accountAt(chain.rpc, vault.agent)).lamports).toBe(lamports + tokenLamports)
    expect(await chain.rpc.getAccountInfo(vault.deposits, 'confirmed')).toBeNull()
    expect((await accountAt(chain.rpc, vault.address)).data).toEqual(counted)

    // Nothing moves without the account, and nobody else's delay brings it back.
    expect(await sayTo(depositing(vault, 1n))).toBe('WrongAccountOwner')
    expect(await sayTo(closeDepositAddress(partiesOf(vault)))).toBe('WrongAccountOwner')
    expect(await sayTo(reopening(vault, DELAY_SECONDS + 1n))).toBe('DelayMismatch')

    await land(chain.rpc, [reopening(vault, DELAY_SECONDS)], [chain.validator.payer])
    expect((await accountAt(chain.rpc, vault.address)).data).toEqual(counted)
    expect(await balanceOf(chain.rpc, vault.deposits)).toBe(0n)
    const rent = await chain.rpc.getMinimumBalanceForRentExemption(TOKEN_ACCOUNT_SIZE)
    expect((await accountAt(chain.rpc, vault.deposits)).lamports).toBe(rent)

    // A voucher that was settled before the closing stays settled after it.
    const signers = [chain.validator.payer, keypair('depositor')] as const
    await land(chain.rpc, [depositing(vault, 1_000n)], signers)
    const old = BigInt(settled)
    expect(await sayTo(signedVoucher(vault, old), settling(vault, old))).toBe('NothingToSettle')
    const above = old + 1n
    expect(await sayTo(signedVoucher(vault, old), settling(vault, above))).toBe('BeyondVoucher')
    expect(await sayTo(signedVoucher(vault, above), settling(vault, above))).toBe('ok')
  })

  test('a deposit address that anybody brings back is no obstacle', async () => {
    const vault = VAULT.closedDeposits
    const { payer } = chain.validator
    await land(chain.rpc, [createTokenAccount(payer.publicKey, vault.address, MINT)], [payer])
    expect(await sayTo(depositing(vault, 1n))).toBe('ok')
    expect(await sayTo(reopening(vault, DELAY_SECONDS))).toBe('VaultExists')
  })

  test('what was sent there is not lost: it is recognised first, and then asked for', async () => {
    const parties = partiesOf(VAULT.dusty)
    await land(chain.rpc, [syncVault(parties)], [chain.validator.payer])
    const fields = await fieldsOf(chain.rpc, 'Vault', VAULT.dusty.address)
    expect(fields['deposited']).toBe(`${BOOKED_UNITS + 1n}`)
    expect(await sayTo(closeDepositAddress(parties))).toBe('MoneyLeft')
    expect(await sayTo(requestWithdrawal(parties, units(1n)))).toBe('ok')
  })
})
