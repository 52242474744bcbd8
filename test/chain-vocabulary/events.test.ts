import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Message, PublicKey, type VersionedTransactionResponse } from '@solana/web3.js'
import bs58 from 'bs58'
import { describe, expect, test } from 'vitest'
import { eventAuthority } from '../../src/chain/addresses.ts'
import { decodeTransaction } from '../../src/chain/events.ts'
import { vaultIdl } from '../../src/chain/program-file.ts'

interface Vectors {
  program: { program_id: string; vault: { address: string } }
  events: { DepositEvent: { instruction_data_hex: string } }
}
const vectors = JSON.parse(
  readFileSync(new URL('../vectors.json', import.meta.url), 'utf8'),
) as Vectors
const program = new PublicKey(vectors.program.program_id)
const EVENT = Buffer.from(vectors.events.DepositEvent.instruction_data_hex, 'hex')
const OTHER = new PublicKey(new Uint8Array(32).fill(77))

/** Places in the account list. */
const [PAYER, PROGRAM, AUTHORITY, FOREIGN] = [0, 1, 2, 3]
const KEYS = [new PublicKey(new Uint8Array(32).fill(55)), program, eventAuthority(program), OTHER]

const [GATEWAY, VAULT, AGENT, PROGRAM_KEY] = [1, 2, 3, 4].map(
  (byte) => new PublicKey(new Uint8Array(32).fill(byte)),
) as [PublicKey, PublicKey, PublicKey, PublicKey]

/** Bytes of a zero of each type. */
const SIZES = { pubkey: 32, u64: 8, i64: 8, u8: 1, string: 4 } as const

function u64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(value)
  return bytes
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

/** An event instruction's data, in base58: the tag, Anchor's discriminator of the name, the fields. */
function event(name: string, ...fields: (PublicKey | Buffer)[]): string {
  const discriminator = createHash('sha256').update(`event:${name}`).digest().subarray(0, 8)
  const bytes = fields.map((field) => (field instanceof PublicKey ? field.toBuffer() : field))
  return bs58.encode(Buffer.concat([EVENT.subarray(0, 8), discriminator, ...bytes]))
}

interface Inner {
  readonly programIdIndex: number
  readonly accounts: number[]
  readonly data: string
}

const deposit: Inner = {
  programIdIndex: PROGRAM,
  accounts: [AUTHORITY],
  data: bs58.encode(EVENT),
}

function transaction(inner: readonly Inner[] | null, err: unknown = null) {
  const outer = { programIdIndex: PROGRAM, accounts: [AUTHORITY], data: bs58.encode(EVENT) }
  const message = new Message({
    header: {
      numRequiredSignatures: 1,
      numReadonlySignedAccounts: 0,
      numReadonlyUnsignedAccounts: 3,
    },
    accountKeys: KEYS,
    recentBlockhash: OTHER.toBase58(),
    instructions: [outer],
  })
  return {
    slot: 1,
    transaction: { message, signatures: [] },
    meta: {
      err,
      fee: 5000,
      preBalances: [],
      postBalances: [],
      innerInstructions: inner === null ? null : [{ index: 4, instructions: [...inner] }],
      logMessages: [`Program data: ${EVENT.subarray(8).toString('base64')}`],
    },
  } as VersionedTransactionResponse
}

describe('C3: what counts as an event', () => {
  test('a self-CPI with tag, event authority and fields is read, with its path', () => {
    const decoded = decodeTransaction(transaction([deposit]), program)
    expect(decoded).toMatchObject({
      kind: 'decoded',
      unreadable: [],
      events: [{ kind: 'deposit', path: '4.0', amount: 4_000_000n, depositIndex: 2n }],
    })
  })

  test.each([
    ['another program', { ...deposit, programIdIndex: FOREIGN }],
    ['another authority', { ...deposit, accounts: [FOREIGN] }],
    ['no authority', { ...deposit, accounts: [] }],
    ['no tag', { ...deposit, data: bs58.encode(EVENT.subarray(8)) }],
    ['another tag', { ...deposit, data: bs58.encode(EVENT.map((byte) => byte ^ 1)) }],
  ])('%s: nothing, and nothing hidden behind it', (_, spoofed) => {
    const decoded = decodeTransaction(transaction([spoofed, deposit]), program)
    expect(decoded).toMatchObject({ kind: 'decoded', unreadable: [], events: [{ path: '4.1' }] })
  })

  test('neither the log nor an outer instruction counts', () => {
    const decoded = decodeTransaction(transaction([]), program)
    expect(decoded).toEqual({ kind: 'decoded', events: [], unreadable: [] })
  })

  test.each([
    ['cut off', EVENT.subarray(0, EVENT.length - 1)],
    ['drawn out', Buffer.concat([EVENT, Buffer.alloc(1)])],
    ['of no known kind', Buffer.concat([EVENT.subarray(0, 8), Buffer.alloc(40)])],
  ])('an event %s is reported and hides no other', (_, bytes) => {
    const broken = { ...deposit, data: bs58.encode(bytes) }
    const decoded = decodeTransaction(transaction([broken, deposit]), program)
    expect(decoded).toMatchObject({
      unreadable: [expect.stringMatching(/^4\.0: /)],
      events: [{ path: '4.1' }],
    })
  })
})

describe('what each event says', () => {
  const fields = [GATEWAY, VAULT, AGENT]
  const key = (index: number) => fields[index]?.toBase58()

  test.each([
    ['SettlementEvent', 'settlement'],
    ['WithdrawalRequestedEvent', 'withdrawal_requested'],
    ['WithdrawalCancelledEvent', 'withdrawal_cancelled'],
    ['WithdrawalEvent', 'withdrawal'],
  ])('%s: vault, gateway, agent, amount, cumulative', (name, kind) => {
    const bytes = event(name, VAULT, GATEWAY, AGENT, u64(7n), u64(2n ** 64n - 1n))
    const decoded = decodeTransaction(transaction([{ ...deposit, data: bytes }]), program)
    const said = {
      kind,
      path: '4.0',
      vault: key(1),
      gateway: key(0),
      agent: key(2),
      amount: 7n,
      cumulative: 2n ** 64n - 1n,
    }
    expect(decoded).toEqual({ kind: 'decoded', unreadable: [], events: [said] })
  })

  test('GatewayChangedEvent: every term of the account', () => {
    const endpoint = Buffer.from('https://é.test')
    const bytes = event(
      'GatewayChangedEvent',
      ...[GATEWAY, AGENT, OTHER, VAULT, u64(900n), PROGRAM_KEY],
      ...[u32(endpoint.length), endpoint, u64(1_795_000_000n), Buffer.from([254])],
    )
    const decoded = decodeTransaction(transaction([{ ...deposit, data: bytes }]), program)
    const said = {
      kind: 'gateway_changed',
      path: '4.0',
      gateway: key(0),
      authority: key(2),
      treasury: OTHER.toBase58(),
      mint: key(1),
      withdrawalDelaySeconds: 900n,
      receiptKey: PROGRAM_KEY.toBase58(),
      endpoint: 'https://é.test',
      openedAtSeconds: 1_795_000_000n,
    }
    expect(decoded).toEqual({ kind: 'decoded', unreadable: [], events: [said] })
  })

  test('every event of the IDL is read', () => {
    const named = vaultIdl().events.map(({ name }) => name)
    const sizes = vaultIdl().types.filter(({ name }) => named.includes(name))
    for (const { name, type } of sizes) {
      const bytes = event(name, ...type.fields.map((field) => Buffer.alloc(SIZES[field.type])))
      const decoded = decodeTransaction(transaction([{ ...deposit, data: bytes }]), program)
      expect(decoded, name).toMatchObject({ unreadable: [], events: [{ path: '4.0' }] })
    }
    expect(sizes).toHaveLength(named.length)
  })
})

test('C2: a failed transaction has no events', () => {
  const failed = transaction([deposit], { InstructionError: [0, { Custom: 1 }] })
  expect(decodeTransaction(failed, program)).toEqual({ kind: 'failed' })
})

test('an answer that leaves out what is needed says nothing about the transaction', () => {
  expect(() => decodeTransaction(transaction(null), program)).toThrow('inner instructions')
  expect(() => decodeTransaction({ ...transaction([]), meta: null }, program)).toThrow('metadata')
  const astray = { ...deposit, programIdIndex: PAYER + KEYS.length }
  expect(() => decodeTransaction(transaction([astray]), program)).toThrow('no account 4')
})
