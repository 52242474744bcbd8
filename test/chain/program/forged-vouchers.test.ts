import { verify } from 'node:crypto'
import { Ed25519Program, Keypair, PublicKey, TransactionInstruction } from '@solana/web3.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ed25519Instruction } from '../../../src/chain/instructions.ts'
import { voucherBytes } from '../../../src/chain/voucher.ts'
import { units } from '../../../src/money.ts'
import { CALLER_ID } from '../../support/caller/caller.ts'
import vectors from '../../vectors.json' with { type: 'json' }
import { attempt, callWith, instructionOf, SIGNED_UNITS } from './call.ts'
import { type ProgramChain, startScenario } from './chain.ts'
import {
  BOOKED_UNITS,
  FAR_AHEAD_SECONDS,
  LONG_AGO_SECONDS,
  SURPLUS_UNITS,
  VAULT,
  type VaultParts,
} from './scenario.ts'
import { publicKeyObject, signBytes, signedBy, signedVoucher } from './vouchers.ts'

let chain: ProgramChain
beforeAll(async () => {
  chain = await startScenario()
})
afterAll(() => chain.validator.stop())

const { agentKey, address } = VAULT.open
const MESSAGE = voucherBytes(address, units(SIGNED_UNITS))
const SIGNATURE = signBytes(agentKey, MESSAGE)
const KEY = agentKey.publicKey.toBytes()
const ATTACKER = Keypair.generate()
const U64_MAX = 2n ** 64n - 1n

async function sayTo(...instructions: readonly TransactionInstruction[]): Promise<string> {
  return (await attempt(chain.rpc, chain.feePayer, ...instructions)).said
}

const settling = (cumulative = SIGNED_UNITS) =>
  instructionOf(callWith('settle', {}, { cumulative }))

/** What settling says to these instructions just before it. */
function sayAfter(before: readonly TransactionInstruction[], cumulative?: bigint) {
  return sayTo(...before, settling(cumulative))
}

/** A precompile instruction of any bytes. */
function precompile(data: Uint8Array): TransactionInstruction {
  return new TransactionInstruction({
    programId: Ed25519Program.programId,
    keys: [],
    data: Buffer.from(data),
  })
}

const HERE = 0xffff
/** Where each part of one signature is: offset and, of key, signature and message, the instruction. */
const RIGHT_PLACES = {
  signature: 48,
  signatureIn: HERE,
  key: 16,
  keyIn: HERE,
  message: 112,
  length: 50,
  messageIn: HERE,
}
type Places = typeof RIGHT_PLACES

function placesBytes(places: Places): Buffer {
  const bytes = Buffer.alloc(14)
  for (const [index, value] of Object.values(places).entries())
    bytes.writeUInt16LE(value, index * 2)
  return bytes
}

/** The right voucher under another header. */
function underHeader(changed: Partial<Places>, count = 1, padding = 0): TransactionInstruction {
  const places = placesBytes({ ...RIGHT_PLACES, ...changed })
  const body = [KEY, SIGNATURE, MESSAGE]
  return precompile(Buffer.concat([Buffer.of(count, padding), places, ...body]))
}

test('C9: the right voucher settles, up to what was signed and not a unit more', async () => {
  expect(underHeader({}).data).toEqual(signedVoucher(VAULT.open, SIGNED_UNITS).data)
  expect(await sayAfter([underHeader({})])).toBe('ok')
  expect(await sayAfter([underHeader({})], 1n)).toBe('ok')
  expect(await sayAfter([underHeader({})], SIGNED_UNITS + 1n)).toBe('BeyondVoucher')
  expect(await sayAfter([underHeader({})], 0n)).toBe('NothingToSettle')
})

test('C9: never more than the vault has booked, whatever was signed and whatever lies there', async () => {
  expect(SURPLUS_UNITS).toBeGreaterThan(1n)
  const unlimited = [signedVoucher(VAULT.open, U64_MAX)]
  expect(await sayAfter(unlimited, BOOKED_UNITS)).toBe('ok')
  expect(await sayAfter(unlimited, BOOKED_UNITS + 1n)).toBe('BeyondBooks')
  expect(await sayAfter(unlimited, U64_MAX)).toBe('BeyondBooks')
})

describe('C9: a voucher that is not just before is not read', () => {
  const voucher = signedVoucher(VAULT.open, SIGNED_UNITS)
  const noop = new TransactionInstruction({ programId: CALLER_ID, keys: [], data: Buffer.of(9) })

  test.each<[string, () => TransactionInstruction[]]>([
    ['no voucher at all', () => [settling()]],
    ['behind it', () => [settling(), voucher]],
    ['two before it', () => [voucher, noop, settling()]],
    ['as the data of another program', () => [otherProgram(voucher.data), settling()]],
    ['one for two settlements', () => [voucher, settling(1n), settling(2n)]],
  ])('%s', async (_, instructions) => {
    expect(await sayTo(...instructions())).toBe('VoucherMissing')
  })

  function otherProgram(data: Buffer): TransactionInstruction {
    return new TransactionInstruction({ programId: CALLER_ID, keys: [], data })
  }
})

describe('C9: the layout is pinned to the byte', () => {
  /** Each of these the precompile itself takes: the signature in it is right, wherever it says that it is. */
  const tail = Buffer.concat([SIGNATURE, KEY, MESSAGE])
  const elsewhere = { signature: 162, key: 226, message: 258 }

  test.each<[string, TransactionInstruction]>([
    ['its own index instead of 0xFFFF, for the signature', underHeader({ signatureIn: 0 })],
    ['its own index instead of 0xFFFF, for the key', underHeader({ keyIn: 0 })],
    ['its own index instead of 0xFFFF, for the message', underHeader({ messageIn: 0 })],
    ['padding that is not 0', underHeader({}, 1, 1)],
    ['a byte behind the message', precompile(Buffer.concat([underHeader({}).data, Buffer.of(0)]))],
    ['parts further behind', precompile(Buffer.concat([underHeader(elsewhere).data, tail]))],
    ['a longer message', signedBy(agentKey, Buffer.concat([MESSAGE, Buffer.of(0)]))],
    ['a shorter message', signedBy(agentKey, MESSAGE.subarray(0, 49))],
    ['signature before key', inOrder({ signature: 16, key: 80 }, [SIGNATURE, KEY, MESSAGE])],
    [
      'message before key and signature',
      inOrder({ message: 16, key: 66, signature: 98 }, [MESSAGE, KEY, SIGNATURE]),
    ],
    ['two signatures', twoSignatures()],
    ['no signature', precompile(Buffer.of(0, 0))],
  ])('%s', async (_, voucher) => {
    expect(await sayTo(voucher)).toBe('ok')
    expect(await sayAfter([voucher])).toBe('VoucherLayout')
  })

  /** The same parts in the same length, in another order. */
  function inOrder(places: Partial<Places>, parts: readonly Uint8Array[]): TransactionInstruction {
    const header = underHeader(places).data.subarray(0, 16)
    return precompile(Buffer.concat([header, ...parts]))
  }

  function twoSignatures(): TransactionInstruction {
    const start = 2 + 2 * 14
    const places = placesBytes({
      ...RIGHT_PLACES,
      key: start,
      signature: start + 32,
      message: start + 96,
    })
    const body = [KEY, SIGNATURE, MESSAGE]
    return precompile(Buffer.concat([Buffer.of(2, 0), places, places, ...body]))
  }
})

describe('C9: the agent’s key beside somebody else’s signature', () => {
  const forged = voucherBytes(address, units(U64_MAX))
  /** A voucher that the attacker signed, in an instruction of its own: the precompile takes it. */
  const genuine = signedBy(ATTACKER, forged)
  const body = [KEY, Buffer.alloc(64, 7), forged]
  const pointing = (changed: Partial<Places>) =>
    precompile(
      Buffer.concat([Buffer.of(1, 0), placesBytes({ ...RIGHT_PLACES, ...changed }), ...body]),
    )

  test.each<[string, Partial<Places>]>([
    ['key and signature', { keyIn: 0, signatureIn: 0 }],
    ['key, signature and message', { keyIn: 0, signatureIn: 0, messageIn: 0 }],
  ])('%s in another instruction', async (_, changed) => {
    const forgery = pointing(changed)
    expect(await sayTo(genuine, forgery), 'the precompile is content').toBe('ok')
    expect(await sayAfter([genuine, forgery])).toBe('VoucherLayout')
  })

  test('key and signature further behind in the same instruction', async () => {
    const places = { key: 162, signature: 194 }
    const behind = [ATTACKER.publicKey.toBytes(), signBytes(ATTACKER, forged)]
    const forgery = precompile(Buffer.concat([pointing(places).data, ...behind]))
    expect(await sayTo(forgery), 'the precompile is content').toBe('ok')
    expect(await sayAfter([forgery])).toBe('VoucherLayout')
  })

  test('the attacker’s own voucher for this vault', async () => {
    expect(await sayAfter([genuine])).toBe('WrongVoucherSigner')
  })

  test.each([0, 63])('a signature with another byte %d', async (place) => {
    const signature = Buffer.from(SIGNATURE)
    signature.writeUInt8(signature.readUInt8(place) ^ 1, place)
    const broken = ed25519Instruction(agentKey.publicKey, MESSAGE, signature)
    expect(await sayTo(broken)).not.toBe('ok')
    expect(await sayAfter([broken])).not.toBe('ok')
  })
})

describe('C9: a voucher of something else', () => {
  const marked = (bytes: readonly number[]) =>
    signedBy(agentKey, Buffer.concat([Buffer.from(bytes), MESSAGE.subarray(2)]))
  const forVault = (vault: VaultParts) =>
    signedBy(agentKey, voucherBytes(vault.address, units(SIGNED_UNITS)))

  test.each<[string, TransactionInstruction]>([
    ['the same agent’s vault with another gateway', forVault(VAULT.foreign)],
    ['another agent’s vault', forVault(VAULT.due)],
    ['another kind of message', marked([0x57, 0x01])],
    ['another version', marked([0x56, 0x02])],
  ])('%s', async (_, voucher) => {
    expect(await sayAfter([voucher])).toBe('ForeignVoucher')
  })

  test('the voucher of another agent, for its own vault', async () => {
    const other = [signedVoucher(VAULT.due, SIGNED_UNITS)]
    expect(await sayAfter(other)).toBe('WrongVoucherSigner')
  })
})

describe('C9: expiry', () => {
  test.each([
    [0n, 'ok'],
    [FAR_AHEAD_SECONDS, 'ok'],
    [2n ** 63n - 1n, 'ok'],
    [LONG_AGO_SECONDS, 'VoucherExpired'],
    [1n, 'VoucherExpired'],
    [-1n, 'VoucherExpired'],
    [-(2n ** 63n), 'VoucherExpired'],
  ])('expires_at %s: %s', async (expiresAt, said) => {
    expect(await sayAfter([signedVoucher(VAULT.open, SIGNED_UNITS, expiresAt)])).toBe(said)
  })
})

test('C9: a signature whose R is of small order: node:crypto takes it, the precompile does not', async () => {
  const [weak] = vectors.must_refuse
  const [strong] = vectors.vouchers
  if (weak === undefined || strong === undefined) throw new Error('the vectors lack them')
  expect(weak.message_hex).toBe(strong.message_hex)
  const key = new PublicKey(weak.pubkey)
  const message = Buffer.from(weak.message_hex, 'hex')
  const carry = (signature: string) =>
    ed25519Instruction(key, message, Buffer.from(signature, 'base64'))
  expect(await sayTo(carry(strong.signature))).toBe('ok')
  expect(await sayTo(carry(weak.signature))).not.toBe('ok')
  const signature = Buffer.from(weak.signature, 'base64')
  expect(verify(null, message, publicKeyObject(key), signature)).toBe(true)
})
