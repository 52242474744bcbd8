import { afterAll, beforeAll, expect, test } from 'vitest'
import { GATEWAY_SIZE } from './anchor-coder.ts'
import { attempt, callWith, instructionOf, RIGHT, TERMS } from './call.ts'
import { type ProgramChain, startScenario } from './chain.ts'
import { accountAt, eventsOf, fieldsOf, land } from './landed.ts'
import { DELAY_SECONDS, GATEWAY, keypair, MINT, ODD, PROGRAM, TREASURY, VAULT } from './scenario.ts'

let chain: ProgramChain
beforeAll(async () => {
  chain = await startScenario()
})
afterAll(() => chain.validator.stop())

const YEAR_2020_SECONDS = 1_577_836_800
const NEW_TERMS = {
  treasury: ODD.stranger,
  withdrawal_delay: 60n,
  receipt_key: GATEWAY.other.operator,
  endpoint: `https://gw.example.com/${'x'.repeat(105)}`,
}

test('initialize_gateway writes every field, emits them all, and pays for the longest endpoint', async () => {
  const { address, operator, bump } = GATEWAY.absent
  const signers = [chain.validator.payer, keypair('new operator')] as const
  const signature = await land(chain.rpc, [instructionOf(RIGHT.initialize_gateway)], signers)

  const fields = await fieldsOf(chain.rpc, 'Gateway', address)
  expect(fields).toEqual({
    authority: operator.toBase58(),
    treasury: TREASURY.toBase58(),
    mint: MINT.toBase58(),
    withdrawal_delay: `${DELAY_SECONDS}`,
    receipt_key: GATEWAY.open.operator.toBase58(),
    endpoint: 'https://gw.example.com',
    opened_at: expect.stringMatching(/^\d{10}$/),
    bump: `${bump}`,
  })
  expect(Number(fields['opened_at'])).toBeGreaterThan(YEAR_2020_SECONDS)
  expect(await eventsOf(chain.rpc, signature)).toEqual([
    { name: 'GatewayChangedEvent', fields: { gateway: address.toBase58(), ...fields } },
  ])
  const account = await accountAt(chain.rpc, address)
  expect(account.owner).toEqual(PROGRAM)
  expect(account.data).toHaveLength(GATEWAY_SIZE)
  const rent = await chain.rpc.getMinimumBalanceForRentExemption(GATEWAY_SIZE)
  expect(account.lamports).toBe(rent)
})

test('update_gateway replaces the terms and nothing else; a shorter endpoint leaves nothing behind', async () => {
  const { address } = GATEWAY.open
  const signers = [chain.validator.payer, keypair('operator')] as const
  const created = await fieldsOf(chain.rpc, 'Gateway', address)

  const longer = instructionOf(callWith('update_gateway', {}, NEW_TERMS))
  const signature = await land(chain.rpc, [longer], signers)
  const fields = await fieldsOf(chain.rpc, 'Gateway', address)
  const expected = { ...NEW_TERMS, withdrawal_delay: '60', treasury: ODD.stranger.toBase58() }
  const receiptKey = GATEWAY.other.operator.toBase58()
  expect(fields).toEqual({ ...created, ...expected, receipt_key: receiptKey })
  expect(await eventsOf(chain.rpc, signature)).toEqual([
    { name: 'GatewayChangedEvent', fields: { gateway: address.toBase58(), ...fields } },
  ])

  await land(chain.rpc, [instructionOf(callWith('update_gateway', {}, TERMS))], signers)
  const { data } = await accountAt(chain.rpc, address)
  expect(await fieldsOf(chain.rpc, 'Gateway', address)).toEqual({
    ...created,
    receipt_key: GATEWAY.open.operator.toBase58(),
    treasury: TREASURY.toBase58(),
  })
  const used = 8 + 4 * 32 + 2 * 8 + 4 + 'https://gw.example.com'.length + 1
  expect(data.subarray(used)).toEqual(Buffer.alloc(GATEWAY_SIZE - used))
})

test('a changed delay holds for new vaults only', async () => {
  const signers = [chain.validator.payer, keypair('operator')] as const
  const open = await accountAt(chain.rpc, VAULT.open.address)
  await land(chain.rpc, [instructionOf(callWith('update_gateway', {}, NEW_TERMS))], signers)

  expect((await accountAt(chain.rpc, VAULT.open.address)).data).toEqual(open.data)
  const said = async (withdrawal_delay: bigint) => {
    const call = callWith('open_vault', {}, { withdrawal_delay })
    return (await attempt(chain.rpc, chain.feePayer, instructionOf(call))).said
  }
  expect(await said(DELAY_SECONDS)).toBe('DelayMismatch')
  expect(await said(60n)).toBe('ok')
})
