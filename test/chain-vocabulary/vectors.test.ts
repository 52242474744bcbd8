import { readFileSync } from 'node:fs'
import anchor from '@coral-xyz/anchor'
import { Keypair, PublicKey } from '@solana/web3.js'
import { describe, expect, test } from 'vitest'
import { bookedBalance, decodeGateway, decodeVault } from '../../src/chain/accounts.ts'
import {
  depositAddress,
  eventAuthority,
  gatewayAddress,
  tokenAddress,
  vaultAddress,
} from '../../src/chain/addresses.ts'
import {
  cancelWithdrawal,
  closeDepositAddress,
  deposit,
  ed25519Instruction,
  initializeGateway,
  openVault,
  requestWithdrawal,
  settle,
  syncVault,
  updateGateway,
  withdraw,
} from '../../src/chain/instructions.ts'
import { vaultIdl } from '../../src/chain/program-file.ts'
import { decodeEventFields } from '../../src/chain/vault-coder.ts'
import { units } from '../../src/money.ts'

interface Vectors {
  vouchers: { message_hex: string; signature: string }[]
  agent: { pubkey: string }
  program: {
    program_id: string
    authority: string
    mint: string
    gateway: { address: string }
    vault: { address: string }
    deposit_address: string
    event_authority: { address: string }
  }
  discriminators_hex: {
    instructions: Record<string, string>
    events: Record<string, string>
  }
  accounts: Record<'gateway' | 'vault', { fields: Record<string, unknown>; data_hex: string }>
  events: { DepositEvent: { fields: Record<string, string>; instruction_data_hex: string } }
}

const vectors = JSON.parse(
  readFileSync(new URL('../vectors.json', import.meta.url), 'utf8'),
) as Vectors
const { program: fixed } = vectors
const program = new PublicKey(fixed.program_id)
const authority = new PublicKey(fixed.authority)
const mint = new PublicKey(fixed.mint)
const agent = new PublicKey(vectors.agent.pubkey)
const gateway = gatewayAddress(program, authority, mint)
const vault = vaultAddress(program, gateway, agent)

test('addresses are derived as the vectors state them', () => {
  expect(gateway.toBase58()).toBe(fixed.gateway.address)
  expect(vault.toBase58()).toBe(fixed.vault.address)
  expect(depositAddress(vault, mint).toBase58()).toBe(fixed.deposit_address)
  expect(eventAuthority(program).toBase58()).toBe(fixed.event_authority.address)
})

/** Writes every value as the vectors do. */
function plain(fields: object): unknown[] {
  return Object.values(fields).map((value) =>
    typeof value === 'number' ? value : value instanceof PublicKey ? value.toBase58() : `${value}`,
  )
}

describe('accounts', () => {
  test('a gateway reads field by field', () => {
    const { fields, data_hex } = vectors.accounts.gateway
    expect(plain(decodeGateway(Buffer.from(data_hex, 'hex')))).toEqual(Object.values(fields))
  })

  test('a vault reads field by field, and says what its token account must hold', () => {
    const { fields, data_hex } = vectors.accounts.vault
    const read = decodeVault(Buffer.from(data_hex, 'hex'))
    expect(plain(read)).toEqual(Object.values(fields))
    expect(bookedBalance(read)).toBe(5_000_000n - 368n)
  })

  test('an account of another kind, or cut short, is not read', () => {
    const bytes = Buffer.from(vectors.accounts.vault.data_hex, 'hex')
    expect(() => decodeGateway(bytes)).toThrow()
    for (let length = 0; length < bytes.length; length += 1) {
      expect(() => decodeVault(bytes.subarray(0, length)), `${length} bytes`).toThrow()
    }
  })
})

describe('events', () => {
  const bytes = Buffer.from(vectors.events.DepositEvent.instruction_data_hex, 'hex').subarray(8)

  test('a deposit event reads field by field', () => {
    const event = decodeEventFields(bytes)
    expect(event.name).toBe('DepositEvent')
    expect(plain(event.fields)).toEqual(Object.values(vectors.events.DepositEvent.fields))
  })

  test('C3: a deposit event that is cut or drawn out is never read', () => {
    for (let length = 0; length < bytes.length; length += 1) {
      expect(() => decodeEventFields(bytes.subarray(0, length)), `${length} bytes`).toThrow()
    }
    expect(() => decodeEventFields(Buffer.concat([bytes, Buffer.alloc(1)]))).toThrow('bytes')
  })
})

test('instructions carry the discriminators of the vectors and name the gateway', () => {
  const parties = { program, gateway, mint, agent }
  const payer = Keypair.fromSeed(new Uint8Array(32).fill(1)).publicKey
  const terms = {
    treasury: payer,
    withdrawalDelaySeconds: 900n,
    receiptKey: payer,
    endpoint: 'https://gw.example.com',
  }
  const built = {
    initialize_gateway: initializeGateway(program, authority, mint, terms),
    update_gateway: updateGateway(program, authority, mint, terms),
    open_vault: openVault(parties, payer, 900n),
    deposit: deposit(parties, payer, units(5n)),
    sync_vault: syncVault(parties),
    settle: settle(parties, { authority, treasury: payer }, units(7n)),
    request_withdrawal: requestWithdrawal(parties, units(9n)),
    cancel_withdrawal: cancelWithdrawal(parties),
    withdraw: withdraw(parties),
    close_deposit_address: closeDepositAddress(parties),
  }
  expect(Object.keys(built)).toEqual(Object.keys(vectors.discriminators_hex.instructions))
  for (const [name, instruction] of Object.entries(built)) {
    const { instructions } = vectors.discriminators_hex
    expect(instruction.data.subarray(0, 8).toString('hex'), name).toBe(instructions[name])
    expect(instruction.keys.map(({ pubkey }) => pubkey.toBase58())).toContain(gateway.toBase58())
  }
  expect(built.deposit.data.readBigUInt64LE(8)).toBe(5n)
  expect(built.open_vault.data.readBigInt64LE(8)).toBe(900n)
  expect(built.settle.data.readBigUInt64LE(8)).toBe(7n)
  expect(built.request_withdrawal.data.readBigUInt64LE(8)).toBe(9n)
  const coder = new anchor.BorshCoder(vaultIdl() as unknown as anchor.Idl)
  const byAnchor = coder.instruction.encode('initialize_gateway', {
    treasury: payer,
    withdrawal_delay: new anchor.BN(900),
    receipt_key: payer,
    endpoint: terms.endpoint,
  })
  expect(built.initialize_gateway.data.equals(byAnchor)).toBe(true)
})

test('C9: the precompile instruction is laid out as the program pins it', () => {
  const [voucher] = vectors.vouchers
  if (voucher === undefined) throw new Error('the vectors have no voucher')
  const message = Buffer.from(voucher.message_hex, 'hex')
  const signature = Buffer.from(voucher.signature, 'base64')
  const { programId, keys, data } = ed25519Instruction(agent, message, signature)
  expect(programId.toBase58()).toBe('Ed25519SigVerify111111111111111111111111111')
  expect(keys).toEqual([])
  const header = '0100' + '3000ffff' + '1000ffff' + '7000' + '3200' + 'ffff'
  expect(data.subarray(0, 16).toString('hex')).toBe(header)
  expect(data.subarray(16)).toEqual(Buffer.concat([agent.toBytes(), signature, message]))
})

test('the payments of a settlement and of a withdrawal go to the associated token account of treasury and agent', () => {
  const parties = { program, gateway, mint, agent }
  const treasury = Keypair.fromSeed(new Uint8Array(32).fill(2)).publicKey
  const places = (keys: readonly { pubkey: PublicKey }[]) => keys.map(({ pubkey }) => `${pubkey}`)
  const settling = places(settle(parties, { authority, treasury }, units(7n)).keys)
  expect(settling).toContain(tokenAddress(treasury, mint).toBase58())
  expect(places(withdraw(parties).keys)).toContain(tokenAddress(agent, mint).toBase58())
})
