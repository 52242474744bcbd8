import { type Keypair, SystemProgram } from '@solana/web3.js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { depositAddress } from '../../../src/chain/addresses.ts'
import { openVault } from '../../../src/chain/instructions.ts'
import { createTokenAccount, readTokenAccount } from '../../../src/chain/token.ts'
import { attempt, callWith, instructionOf, partiesOf } from './call.ts'
import { type ProgramChain, startScenario } from './chain.ts'
import { accountAt, eventsOf, fieldsOf, land } from './landed.ts'
import {
  CLOSED_VAULT_DELAY_SECONDS,
  DELAY_SECONDS,
  GATEWAY,
  key,
  keypair,
  MINT,
  PROGRAM,
  VAULT,
  vaultOf,
} from './scenario.ts'

let chain: ProgramChain
let payer: Keypair
beforeAll(async () => {
  chain = await startScenario()
  payer = chain.validator.payer
})
afterAll(() => chain.validator.stop())

/** A vault that no other test opens. */
function newVault(agentName: string) {
  const parts = vaultOf(agentName, GATEWAY.open)
  const open = openVault(partiesOf(parts), payer.publicKey, DELAY_SECONDS)
  return { ...parts, open }
}

type NewVault = ReturnType<typeof newVault>

const freshFields = ({ gateway, agent, bump }: NewVault) => ({
  gateway: gateway.toBase58(),
  agent: agent.toBase58(),
  deposited: '0',
  settled: '0',
  withdrawn: '0',
  deposit_index: '0',
  pending_withdrawal: '0',
  withdrawable_at: '0',
  withdrawal_delay: `${DELAY_SECONDS}`,
  bump: `${bump}`,
})

async function expectOpened(vault: NewVault): Promise<void> {
  expect(await fieldsOf(chain.rpc, 'Vault', vault.address)).toEqual(freshFields(vault))
  expect((await accountAt(chain.rpc, vault.address)).owner).toEqual(PROGRAM)
  const tokens = readTokenAccount((await accountAt(chain.rpc, vault.deposits)).data)
  expect(tokens).toMatchObject({ amount: 0n, frozen: false })
  expect(tokens?.owner).toEqual(vault.address)
  expect(tokens?.mint).toEqual(MINT)
}

test('open_vault creates the vault and its deposit address and emits the terms', async () => {
  const vault = newVault('first')
  const signature = await land(chain.rpc, [vault.open], [payer])
  await expectOpened(vault)
  const { address, gateway, agent } = vault
  const keys = { vault: address.toBase58(), gateway: gateway.toBase58(), agent: agent.toBase58() }
  expect(await eventsOf(chain.rpc, signature)).toEqual([
    { name: 'VaultOpenedEvent', fields: { ...keys, withdrawal_delay: `${DELAY_SECONDS}` } },
  ])
  const rent = await chain.rpc.getMinimumBalanceForRentExemption(129)
  expect((await accountAt(chain.rpc, address)).lamports).toBe(rent)
})

test('an agent pays for its own vault', async () => {
  const agent = keypair('depositor')
  const parts = vaultOf('depositor', GATEWAY.open)
  await land(
    chain.rpc,
    [openVault(partiesOf(parts), agent.publicKey, DELAY_SECONDS)],
    [payer, agent],
  )
  const fields = await fieldsOf(chain.rpc, 'Vault', parts.address)
  expect(fields['agent']).toBe(key('depositor').toBase58())
})

test('a token account that someone created before does not block it', async () => {
  const vault = newVault('pre-created')
  await land(chain.rpc, [createTokenAccount(payer.publicKey, vault.address, MINT)], [payer])
  expect(depositAddress(vault.address, MINT)).toEqual(vault.deposits)
  await land(chain.rpc, [vault.open], [payer])
  await expectOpened(vault)
})

test.each([1_000_000, 50_000_000])(
  'stray lamports (%d) on the vault and on its deposit address do not block it',
  async (lamports) => {
    const vault = newVault(`stray ${lamports}`)
    const send = [vault.address, vault.deposits].map((toPubkey) =>
      SystemProgram.transfer({ fromPubkey: payer.publicKey, toPubkey, lamports }),
    )
    await land(chain.rpc, send, [payer])
    await land(chain.rpc, [vault.open], [payer])
    await expectOpened(vault)
    const rent = await chain.rpc.getMinimumBalanceForRentExemption(129)
    const held = (await accountAt(chain.rpc, vault.address)).lamports
    expect(held).toBe(Math.max(rent, lamports))
  },
)

test('a second opening is refused', async () => {
  const vault = newVault('twice')
  await land(chain.rpc, [vault.open], [payer])
  const verdict = await attempt(chain.rpc, key('depositor'), vault.open)
  expect(verdict.said).toBe('VaultExists')
})

test('an open vault that lost its deposit address gets it back, keeps every counter and emits nothing', async () => {
  const { agent, address, deposits } = VAULT.closedDeposits
  const before = await accountAt(chain.rpc, address)
  const accounts = { payer: payer.publicKey, agent, vault: address, deposit_address: deposits }
  const args = { withdrawal_delay: CLOSED_VAULT_DELAY_SECONDS }
  const reopen = instructionOf(callWith('open_vault', accounts, args))
  const signature = await land(chain.rpc, [reopen], [payer])

  expect((await accountAt(chain.rpc, address)).data).toEqual(before.data)
  const tokens = readTokenAccount((await accountAt(chain.rpc, deposits)).data)
  expect(tokens?.owner).toEqual(address)
  expect(await eventsOf(chain.rpc, signature)).toEqual([])
})
