import type { TransactionInstruction } from '@solana/web3.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { tokenAddress } from '../../../src/chain/addresses.ts'
import {
  cancelWithdrawal,
  openVault,
  requestWithdrawal,
  withdraw,
} from '../../../src/chain/instructions.ts'
import { createTokenAccount } from '../../../src/chain/token.ts'
import { units } from '../../../src/money.ts'
import type { Arguments } from './anchor-coder.ts'
import {
  type Accounts,
  attempt,
  callWith,
  type InstructionName,
  instructionOf,
  inVault,
  partiesOf,
  TERMS,
} from './call.ts'
import { type ProgramChain, startScenario } from './chain.ts'
import { chainSeconds, waitForChainSeconds } from './clock.ts'
import { balanceOf, eventsOf, fieldsOf, land } from './landed.ts'
import {
  BOOKED_UNITS,
  DELAY_SECONDS,
  FAR_AHEAD_SECONDS,
  GATEWAY,
  keypair,
  MINT,
  PENDING_UNITS,
  VAULT,
  type VaultParts,
  vaultOf,
  WALLET,
} from './scenario.ts'

let chain: ProgramChain
beforeAll(async () => {
  chain = await startScenario()
})
afterAll(() => chain.validator.stop())

const sayTo = async (instruction: TransactionInstruction) =>
  (await attempt(chain.rpc, chain.feePayer, instruction)).said
const sayToCall = (name: InstructionName, accounts: Accounts, args?: Arguments) =>
  sayTo(instructionOf(callWith(name, accounts, args)))
const vaultFields = ({ address }: VaultParts) => fieldsOf(chain.rpc, 'Vault', address)
const landAs = (vault: VaultParts, ...instructions: readonly TransactionInstruction[]) =>
  land(chain.rpc, instructions, [chain.validator.payer, vault.agentKey])

function eventOf(name: string, vault: VaultParts, amount: bigint, withdrawn: bigint) {
  const { address, gateway, agent } = vault
  const keys = { vault: `${address}`, gateway: `${gateway}`, agent: `${agent}` }
  return { name, fields: { ...keys, amount: `${amount}`, cumulative: `${withdrawn}` } }
}

/** Changes the delay for vaults that are opened from now on. */
async function setGatewayDelay(withdrawal_delay: bigint): Promise<void> {
  const update = instructionOf(callWith('update_gateway', {}, { ...TERMS, withdrawal_delay }))
  await land(chain.rpc, [update], [chain.validator.payer, keypair('operator')])
}

/** Opens a vault under this delay, with a token account for its agent, and pays into it. */
async function openUnder(delaySeconds: bigint, agentName: string, amount: bigint) {
  const vault = vaultOf(agentName, GATEWAY.open)
  const { payer } = chain.validator
  await setGatewayDelay(delaySeconds)
  const pay = callWith('deposit', inVault(vault), { amount })
  const instructions = [
    openVault(partiesOf(vault), payer.publicKey, delaySeconds),
    createTokenAccount(payer.publicKey, vault.agent, MINT),
    instructionOf(pay),
  ]
  await land(chain.rpc, instructions, [payer, keypair('depositor')])
  return vault
}

describe('request_withdrawal', () => {
  const request = (vault: VaultParts, amount: bigint) =>
    sayToCall('request_withdrawal', inVault(vault), { amount })

  test.each([
    [0n, 'ZeroAmount'],
    [1n, 'ok'],
    [BOOKED_UNITS, 'ok'],
    [BOOKED_UNITS + 1n, 'BeyondBooks'],
    [2n ** 64n - 1n, 'BeyondBooks'],
  ])('of %s, where more lies than is booked: %s', async (amount, said) => {
    expect(await request(VAULT.open, amount)).toBe(said)
  })

  test.each<[string, VaultParts, string]>([
    ['one is pending', VAULT.waiting, 'WithdrawalPending'],
    ['one is pending and due', VAULT.due, 'WithdrawalPending'],
    ['everything has gone out', VAULT.empty, 'BeyondBooks'],
    ['dust lies there that nobody booked', VAULT.dusty, 'BeyondBooks'],
    ['more went out than came in', VAULT.overdrawn, 'BooksBroken'],
  ])('is refused while %s', async (_, vault, said) => {
    expect(await request(vault, 1n)).toBe(said)
  })

  test('starts the vault’s delay; cancelling stops it, and nothing else has changed', async () => {
    const vault = VAULT.open
    const before = await vaultFields(vault)
    const from = await chainSeconds(chain.rpc)
    const asked = await landAs(vault, requestWithdrawal(partiesOf(vault), units(PENDING_UNITS)))
    const to = await chainSeconds(chain.rpc)

    const { withdrawable_at: at = '', ...rest } = await vaultFields(vault)
    expect({ ...rest, withdrawable_at: '0' }).toEqual({
      ...before,
      pending_withdrawal: `${PENDING_UNITS}`,
    })
    expect(BigInt(at)).toBeGreaterThanOrEqual(from + DELAY_SECONDS)
    expect(BigInt(at)).toBeLessThanOrEqual(to + DELAY_SECONDS)
    const requested = eventOf('WithdrawalRequestedEvent', vault, PENDING_UNITS, 0n)
    expect(await eventsOf(chain.rpc, asked)).toEqual([requested])
    expect(await request(vault, 1n)).toBe('WithdrawalPending')
    const taking = { ...inVault(vault), destination: WALLET.agent }
    expect(await sayToCall('withdraw', taking)).toBe('WithdrawalEarly')

    const cancelled = await landAs(vault, cancelWithdrawal(partiesOf(vault)))
    expect(await vaultFields(vault)).toEqual(before)
    const stopped = eventOf('WithdrawalCancelledEvent', vault, PENDING_UNITS, 0n)
    expect(await eventsOf(chain.rpc, cancelled)).toEqual([stopped])
    expect(await sayToCall('withdraw', taking)).toBe('NoWithdrawalPending')
    expect(await sayToCall('cancel_withdrawal', inVault(vault))).toBe('NoWithdrawalPending')
  })

  test('a deposit while one is pending changes nothing about it', async () => {
    const before = await vaultFields(VAULT.waiting)
    const { payer } = chain.validator
    const pay = callWith('deposit', inVault(VAULT.waiting), { amount: 5n })
    await land(chain.rpc, [instructionOf(pay)], [payer, keypair('depositor')])
    expect(await vaultFields(VAULT.waiting)).toMatchObject({
      deposited: `${BOOKED_UNITS + 5n}`,
      pending_withdrawal: before['pending_withdrawal'],
      withdrawable_at: `${FAR_AHEAD_SECONDS}`,
    })
  })
})

describe('withdraw', () => {
  const taking = (vault: VaultParts, destination = WALLET.due) =>
    sayToCall('withdraw', { ...inVault(vault), destination })

  test('C9: before its time, without a request, or of another’s money: refused', async () => {
    const own = tokenAddress(VAULT.waiting.agent, MINT)
    const { payer } = chain.validator
    const create = createTokenAccount(payer.publicKey, VAULT.waiting.agent, MINT)
    await land(chain.rpc, [create], [payer])
    expect(await taking(VAULT.waiting, own)).toBe('WithdrawalEarly')
    expect(await taking(VAULT.open, WALLET.agent)).toBe('NoWithdrawalPending')
    expect(await taking(VAULT.due, WALLET.agent)).toBe('WrongTokenOwner')
    const byOperator = { ...inVault(VAULT.due), agent: GATEWAY.open.operator }
    const toTreasury = { ...byOperator, destination: WALLET.treasury }
    expect(await sayToCall('withdraw', toTreasury)).toBe('WrongAgent')
  })

  test('more than is booked is never paid, even if it were pending', async () => {
    const { payer } = chain.validator
    const { agent } = VAULT.overasked
    await land(chain.rpc, [createTokenAccount(payer.publicKey, agent, MINT)], [payer])
    expect(await taking(VAULT.overasked, tokenAddress(agent, MINT))).toBe('BooksBroken')
  })

  test('pays what was asked for when the delay is over, and says so', async () => {
    const vault = await openUnder(1n, 'agent in a hurry', 1_000n)
    const parties = partiesOf(vault)
    await landAs(vault, requestWithdrawal(parties, units(400n)))
    const asked = await vaultFields(vault)
    await waitForChainSeconds(chain.rpc, BigInt(asked['withdrawable_at'] ?? 0))
    const signature = await landAs(vault, withdraw(parties))
    expect(await eventsOf(chain.rpc, signature)).toEqual([
      eventOf('WithdrawalEvent', vault, 400n, 400n),
    ])
    expect(await vaultFields(vault)).toEqual({
      ...asked,
      withdrawn: '400',
      pending_withdrawal: '0',
      withdrawable_at: '0',
    })
    expect(await balanceOf(chain.rpc, tokenAddress(vault.agent, MINT))).toBe(400n)
    expect(await balanceOf(chain.rpc, vault.deposits)).toBe(600n)
    expect(await sayTo(withdraw(parties))).toBe('NoWithdrawalPending')
  })

  test('under a delay of 0 request and withdrawal fit in one transaction; totals add up', async () => {
    const vault = await openUnder(0n, 'agent of the moment', 1_000n)
    const parties = partiesOf(vault)
    const leave = (amount: bigint) => [requestWithdrawal(parties, units(amount)), withdraw(parties)]
    await landAs(vault, ...leave(300n))
    const signature = await landAs(vault, ...leave(700n))
    expect(await eventsOf(chain.rpc, signature)).toEqual([
      eventOf('WithdrawalRequestedEvent', vault, 700n, 300n),
      eventOf('WithdrawalEvent', vault, 700n, 1_000n),
    ])
    expect(await sayTo(requestWithdrawal(parties, units(1n)))).toBe('BeyondBooks')
    await land(
      chain.rpc,
      [instructionOf(callWith('deposit', inVault(vault), { amount: 1n }))],
      [chain.validator.payer, keypair('depositor')],
    )
    expect(await sayTo(requestWithdrawal(parties, units(1n)))).toBe('ok')
  })
})

test('C8: a delay that the gateway shortens after opening does not shorten a vault’s', async () => {
  await setGatewayDelay(0n)
  const vault = VAULT.open
  const from = await chainSeconds(chain.rpc)
  await landAs(vault, requestWithdrawal(partiesOf(vault), units(1n)))
  const { withdrawable_at: at = '' } = await vaultFields(vault)
  expect(BigInt(at)).toBeGreaterThanOrEqual(from + DELAY_SECONDS)
  const taking = { ...inVault(vault), destination: WALLET.agent }
  expect(await sayToCall('withdraw', taking)).toBe('WithdrawalEarly')
})

test('C8: the longest delay is the vault’s in full', async () => {
  const month = 2_592_000n
  const vault = await openUnder(month, 'agent of a slow gateway', 10n)
  const from = await chainSeconds(chain.rpc)
  await landAs(vault, requestWithdrawal(partiesOf(vault), units(10n)))
  const { withdrawable_at: at = '' } = await vaultFields(vault)
  expect(BigInt(at)).toBeGreaterThanOrEqual(from + month)
  expect(await sayTo(withdraw(partiesOf(vault)))).toBe('WithdrawalEarly')
})
