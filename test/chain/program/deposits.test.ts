import type { Keypair } from '@solana/web3.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { transferChecked } from '../../../src/chain/token.ts'
import { USDC_DECIMALS, units } from '../../../src/money.ts'
import { attempt, callWith, instructionOf, inVault, RIGHT } from './call.ts'
import { type ProgramChain, startScenario } from './chain.ts'
import { balanceOf, eventsOf, fieldsOf, land } from './landed.ts'
import {
  BOOKED_UNITS,
  DELEGATE,
  DEPOSITOR,
  keypair,
  MINT,
  SURPLUS_UNITS,
  VAULT,
  type VaultParts,
  WALLET,
  WALLET_UNITS,
} from './scenario.ts'

let chain: ProgramChain
let payer: Keypair
const depositor = keypair('depositor')
beforeAll(async () => {
  chain = await startScenario()
  payer = chain.validator.payer
})
afterAll(() => chain.validator.stop())

function depositEvent(vault: VaultParts, amount: bigint, cumulative: bigint, index: bigint) {
  return {
    vault: vault.address.toBase58(),
    gateway: vault.gateway.toBase58(),
    agent: vault.agent.toBase58(),
    amount: `${amount}`,
    cumulative: `${cumulative}`,
    deposit_index: `${index}`,
  }
}

describe('deposit', () => {
  test('moves the amount, counts it once, and says so', async () => {
    const vault = VAULT.synced
    const before = await fieldsOf(chain.rpc, 'Vault', vault.address)
    const amount = 1_234_567n
    const call = callWith('deposit', inVault(vault), { amount })
    const signature = await land(chain.rpc, [instructionOf(call)], [payer, depositor])

    const total = BOOKED_UNITS + amount
    const after = await fieldsOf(chain.rpc, 'Vault', vault.address)
    expect(after).toEqual({ ...before, deposited: `${total}`, deposit_index: '3' })
    expect(await balanceOf(chain.rpc, vault.deposits)).toBe(total)
    expect(await balanceOf(chain.rpc, WALLET.own)).toBe(WALLET_UNITS - amount)
    const fields = { ...depositEvent(vault, amount, total, 3n), depositor: DEPOSITOR.toBase58() }
    expect(await eventsOf(chain.rpc, signature)).toEqual([{ name: 'DepositEvent', fields }])
  })

  test('two in one transaction count twice; a delegate is the depositor of what it pays', async () => {
    const target = VAULT.foreign
    const gateway = target.gateway
    const own = callWith('deposit', { ...inVault(target), gateway }, { amount: 1n })
    const approved = { depositor: DELEGATE, source: WALLET.approved, gateway }
    const delegated = callWith('deposit', { ...inVault(target), ...approved }, { amount: 2n })
    const instructions = [instructionOf(own), instructionOf(delegated)]
    const signers = [payer, depositor, keypair('delegate')] as const
    const signature = await land(chain.rpc, instructions, signers)
    const events = await eventsOf(chain.rpc, signature)
    expect(events.map(({ fields }) => fields)).toEqual([
      {
        ...depositEvent(target, 1n, BOOKED_UNITS + 1n, 3n),
        depositor: DEPOSITOR.toBase58(),
      },
      {
        ...depositEvent(target, 2n, BOOKED_UNITS + 3n, 4n),
        depositor: DELEGATE.toBase58(),
      },
    ])
  })
})

describe('sync_vault', () => {
  test('counts a surplus once, whoever sent it, and leaves a deposit before it alone', async () => {
    const vault = VAULT.open
    const args = { amount: 10n }
    const deposited = BOOKED_UNITS + 10n
    await land(chain.rpc, [instructionOf(callWith('deposit', {}, args))], [payer, depositor])
    const counted = await fieldsOf(chain.rpc, 'Vault', vault.address)
    expect(counted['deposited']).toBe(`${deposited}`)

    const source = { source: WALLET.own, mint: MINT, destination: vault.deposits, owner: DEPOSITOR }
    const transfer = transferChecked(source, units(40n), USDC_DECIMALS)
    await land(chain.rpc, [transfer], [payer, depositor])
    const sync = instructionOf(RIGHT.sync_vault)
    const signature = await land(chain.rpc, [sync], [payer])

    const surplus = SURPLUS_UNITS + 40n
    const total = deposited + surplus
    const after = await fieldsOf(chain.rpc, 'Vault', vault.address)
    expect(after).toEqual({ ...counted, deposited: `${total}`, deposit_index: '4' })
    // A plain transfer has no depositor that the program could know, so it names the vault.
    const depositorKey = vault.address.toBase58()
    const fields = { ...depositEvent(vault, surplus, total, 4n), depositor: depositorKey }
    expect(await eventsOf(chain.rpc, signature)).toEqual([{ name: 'DepositEvent', fields }])
    expect((await attempt(chain.rpc, chain.feePayer, sync)).said).toBe('NothingToSync')
    expect(await balanceOf(chain.rpc, vault.deposits)).toBe(total)
  })
})
