import { TransactionInstruction } from '@solana/web3.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Arguments } from './anchor-coder.ts'
import {
  type Accounts,
  attempt,
  callWith,
  type InstructionName,
  instructionOf,
  instructionsOf,
  inVault,
  RIGHT,
  TERMS,
} from './call.ts'
import { type ProgramChain, startScenario } from './chain.ts'
import {
  CLOSED_VAULT_DELAY_SECONDS,
  DELAY_SECONDS,
  DELEGATE,
  GATEWAY,
  ODD,
  OTHER_MINT,
  VAULT,
  type VaultParts,
  WALLET,
  WALLET_UNITS,
} from './scenario.ts'

const NAMES = Object.keys(RIGHT) as InstructionName[]

let chain: ProgramChain
beforeAll(async () => {
  chain = await startScenario()
})
afterAll(() => chain.validator.stop())

async function sayTo(...instructions: readonly TransactionInstruction[]): Promise<string> {
  return (await attempt(chain.rpc, chain.feePayer, ...instructions)).said
}

/** What the program says to the instruction with other accounts or arguments than the right ones. */
function sayToCall(name: InstructionName, accounts: Accounts, args?: Arguments): Promise<string> {
  return sayTo(...instructionsOf(callWith(name, accounts, args)))
}

/** What it says to the right accounts with other bytes as data. */
function sayToBytes(name: InstructionName, data: Buffer): Promise<string> {
  const { keys, programId } = instructionOf(RIGHT[name])
  const { before } = RIGHT[name]
  return sayTo(...before, new TransactionInstruction({ keys, programId, data }))
}

describe.each(NAMES)('%s: arguments', (name) => {
  test('every cut of the data is refused, and so is a byte too many', async () => {
    const { data } = instructionOf(RIGHT[name])
    const said = new Map<string, number>()
    for (let length = 0; length < data.length; length += 1) {
      const answer = await sayToBytes(name, data.subarray(0, length))
      said.set(answer, (said.get(answer) ?? 0) + 1)
    }
    const cuts = new Map([['UnknownInstruction', 8]])
    if (data.length > 8) cuts.set('MalformedArguments', data.length - 8)
    expect(said).toEqual(cuts)
    expect(await sayToBytes(name, Buffer.concat([data, Buffer.of(0)]))).toBe('MalformedArguments')
  })

  test('an account too few or too many is refused', async () => {
    const { keys, programId, data } = instructionOf(RIGHT[name])
    const extra = { pubkey: ODD.stranger, isSigner: false, isWritable: false }
    const lists = [[], keys.slice(0, -1), [...keys, extra], [...keys, ...Array(20).fill(extra)]]
    for (const list of lists) {
      const instruction = new TransactionInstruction({ keys: list, programId, data })
      expect(await sayTo(...RIGHT[name].before, instruction)).toBe('WrongAccountCount')
    }
  })
})

test('an unknown discriminator is refused', async () => {
  expect(await sayToBytes('sync_vault', Buffer.alloc(8, 7))).toBe('UnknownInstruction')
})

describe.each(['initialize_gateway', 'update_gateway'] as const)('%s: terms', (name) => {
  const terms = (changed: Arguments) => sayToCall(name, {}, { ...TERMS, ...changed })

  test.each([
    [-1n, 'DelayOutOfRange'],
    [0n, 'ok'],
    [2_592_000n, 'ok'],
    [2_592_001n, 'DelayOutOfRange'],
  ])('a withdrawal delay of %s s: %s', async (withdrawal_delay, said) => {
    expect(await terms({ withdrawal_delay })).toBe(said)
  })

  test.each([
    ['', 'ok'],
    ['x'.repeat(128), 'ok'],
    ['é'.repeat(64), 'ok'],
    ['x'.repeat(129), 'EndpointTooLong'],
    ['é'.repeat(65), 'EndpointTooLong'],
  ])('the endpoint %s: %s', async (endpoint, said) => {
    expect(await terms({ endpoint })).toBe(said)
  })

  test('an endpoint that is not UTF-8 is refused', async () => {
    const { data } = instructionOf(RIGHT[name])
    data.writeUInt8(0xff, data.length - 1)
    expect(await sayToBytes(name, data)).toBe('EndpointNotUtf8')
  })

  test('an endpoint that claims more bytes than there are is refused', async () => {
    const { data } = instructionOf(RIGHT[name])
    data.writeUInt32LE(0xffff_ffff, 8 + 32 + 8 + 32)
    expect(await sayToBytes(name, data)).toBe('MalformedArguments')
  })
})

describe('gateways', () => {
  test('a gateway is created once', async () => {
    const { operator, address } = GATEWAY.open
    const said = await sayToCall('initialize_gateway', { authority: operator, gateway: address })
    expect(said).toBe('GatewayExists')
  })

  test('a vault is no gateway, nor is one without its discriminator', async () => {
    const { operator, address } = GATEWAY.unmarked
    const said = await sayToCall('update_gateway', { gateway: VAULT.open.address })
    expect(said).toBe('WrongAccountKind')
    const unmarked = await sayToCall('update_gateway', { authority: operator, gateway: address })
    expect(unmarked).toBe('WrongAccountKind')
  })
})

describe('open_vault', () => {
  const delay = (withdrawal_delay: bigint) => ({ withdrawal_delay })

  test('an open vault with its deposit address is refused', async () => {
    expect(await sayToCall('open_vault', inVault(VAULT.open))).toBe('VaultExists')
  })

  test.each([DELAY_SECONDS - 1n, DELAY_SECONDS + 1n, 0n, -DELAY_SECONDS])(
    'a delay of %s s, which is not the gateway’s, is refused',
    async (seconds) => {
      expect(await sayToCall('open_vault', {}, delay(seconds))).toBe('DelayMismatch')
    },
  )

  test('reopening a deposit address takes the delay of the vault, not that of the gateway', async () => {
    const accounts = inVault(VAULT.closedDeposits)
    expect(await sayToCall('open_vault', accounts, delay(DELAY_SECONDS))).toBe('DelayMismatch')
    expect(await sayToCall('open_vault', accounts, delay(CLOSED_VAULT_DELAY_SECONDS))).toBe('ok')
  })

  test('a token account of someone else at the deposit address is refused', async () => {
    expect(await sayToCall('open_vault', inVault(VAULT.otherOwnerDeposits))).toBe('WrongTokenOwner')
  })
})

describe('deposit', () => {
  const amount = (units: bigint) => ({ amount: units })

  test('nothing is refused', async () => {
    expect(await sayToCall('deposit', {}, amount(0n))).toBe('ZeroAmount')
  })

  test('more than the wallet holds is refused by the Token program', async () => {
    expect(await sayToCall('deposit', {}, amount(WALLET_UNITS))).toBe('ok')
    expect(await sayToCall('deposit', {}, amount(WALLET_UNITS + 1n))).toBe('token:1')
  })

  test('a frozen deposit address is refused by the Token program; what lies on it still counts', async () => {
    expect(await sayToCall('deposit', inVault(VAULT.frozen))).toBe('token:17')
    expect(await sayToCall('sync_vault', inVault(VAULT.frozen))).toBe('ok')
  })

  test('an approved delegate deposits', async () => {
    const accounts = { depositor: DELEGATE, source: WALLET.approved }
    expect(await sayToCall('deposit', accounts)).toBe('ok')
  })

  test.each([
    ['total', VAULT.fullTotal],
    ['index', VAULT.fullIndex],
  ])('a deposit beyond the largest %s is refused', async (_, vault) => {
    expect(await sayToCall('deposit', inVault(vault), amount(1n))).toBe('Overflow')
  })

  test('a mint is no token account, and the vault’s own tokens are no source', async () => {
    const wrongKind = await sayToCall('deposit', { source: OTHER_MINT })
    expect(wrongKind).toBe('WrongAccountKind')
    const fromItself = await sayToCall('deposit', { source: ODD.depositsElsewhere })
    expect(fromItself).toBe('WrongTokenOwner')
  })
})

describe('sync_vault', () => {
  test.each<[string, string, VaultParts]>([
    ['holds what is booked', 'NothingToSync', VAULT.synced],
    ['holds less than is booked', 'BooksBroken', VAULT.short],
    ['booked more out than in', 'BooksBroken', VAULT.overdrawn],
    ['booked out more than a counter holds', 'BooksBroken', VAULT.overflown],
    ['is at the largest total', 'Overflow', VAULT.fullTotal],
    ['is at the last index', 'Overflow', VAULT.fullIndex],
  ])('a vault that %s: %s', async (_, said, vault) => {
    expect(await sayToCall('sync_vault', inVault(vault))).toBe(said)
  })
})

describe.each(['deposit', 'sync_vault'] as const)('%s', (name) => {
  test('the vault of another gateway is refused', async () => {
    expect(await sayToCall(name, inVault(VAULT.foreign))).toBe('ForeignVault')
  })

  test('the deposit address of another vault is refused', async () => {
    const accounts = { deposit_address: VAULT.foreign.deposits }
    expect(await sayToCall(name, accounts)).toBe('WrongTokenOwner')
  })

  test('a gateway is no vault, a vault no gateway, and neither without its discriminator', async () => {
    const kinds: readonly Accounts[] = [
      { vault: GATEWAY.other.address },
      { vault: VAULT.unmarked.address },
      { gateway: VAULT.foreign.address },
      { gateway: GATEWAY.unmarked.address },
    ]
    for (const accounts of kinds) expect(await sayToCall(name, accounts)).toBe('WrongAccountKind')
  })
})
