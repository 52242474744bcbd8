/** Transactions that the gateway's operator sends, read back into what they do. Strict: what is not pinned settles nothing. */
import { createPublicKey, verify } from 'node:crypto'
import { Ed25519Program, type PublicKey, VersionedTransaction } from '@solana/web3.js'
import bs58 from 'bs58'
import { BLOCKHASH_SLOTS, type Sent } from './cluster.ts'
import type { AgentPlace } from './place.ts'
import { PROGRAM } from './place.ts'
import type { Act } from './vault-program.ts'

const SETTLE = Buffer.from('af2ab957908366d4', 'hex')
const SYNC = Buffer.from('13d396765ed08acc', 'hex')
const ED25519_SPKI = Buffer.from('302a300506032b6570032100', 'hex')
const [KEY_AT, SIGNATURE_AT, MESSAGE_AT, VOUCHER_BYTES] = [16, 48, 112, 50]

interface Instruction {
  readonly program: PublicKey
  readonly data: Buffer
  readonly accounts: readonly PublicKey[]
}

/** `byVault`: agents by the base58 address of their vault. */
export function readSentBytes(bytes: Buffer, byVault: ReadonlyMap<string, AgentPlace>): Sent {
  const { message, signatures } = VersionedTransaction.deserialize(bytes)
  const keys = message.staticAccountKeys
  const at = (index: number): PublicKey => {
    const found = keys[index]
    if (found === undefined) throw new Error(`no account ${index}`)
    return found
  }
  const instructions = message.compiledInstructions.map((one) => ({
    program: at(one.programIdIndex),
    data: Buffer.from(one.data),
    accounts: one.accountKeyIndexes.map(at),
  }))
  const acts = instructions.flatMap((one, index) => {
    if (!one.program.equals(PROGRAM)) return []
    return [actOf(one, instructions[index - 1], byVault)]
  })
  const lastSlot =
    Buffer.from(bs58.decode(message.recentBlockhash)).readUInt32BE(0) + BLOCKHASH_SLOTS
  return { signature: bs58.encode(signatures[0] ?? new Uint8Array(64)), acts, lastSlot }
}

/** A blockhash names its slot; another one each slot. */
export function blockhashOf(slot: number): string {
  const bytes = Buffer.alloc(32, 7)
  bytes.writeUInt32BE(slot, 0)
  return bs58.encode(bytes)
}

function actOf(
  { data, accounts }: Instruction,
  before: Instruction | undefined,
  byVault: ReadonlyMap<string, AgentPlace>,
): { readonly agent: string; readonly act: Act } {
  const tag = data.subarray(0, 8)
  const isSettle = tag.equals(SETTLE)
  if (!isSettle && !tag.equals(SYNC)) throw new Error(`an instruction ${tag.toString('hex')}`)
  const place = byVault.get(accounts[isSettle ? 2 : 1]?.toBase58() ?? '')
  if (place === undefined) throw new Error('an instruction for a vault of nobody')
  const agent = place.key.pubkey
  if (!isSettle) return { agent, act: { kind: 'sync' } }
  const cumulative = data.readBigUInt64LE(8)
  return { agent, act: { kind: 'settle', cumulative, signed: signedTotal(before, place) } }
}

/** The total that the voucher in the precompile instruction signs, or null where it is none of this vault's. */
function signedTotal(precompile: Instruction | undefined, place: AgentPlace): bigint | null {
  if (precompile === undefined || !precompile.program.equals(Ed25519Program.programId)) return null
  const { data } = precompile
  const message = data.subarray(MESSAGE_AT)
  const key = data.subarray(KEY_AT, SIGNATURE_AT)
  if (message.length !== VOUCHER_BYTES || message.readUInt16BE(0) !== 0x5601) return null
  if (!key.equals(place.key.address.toBuffer())) return null
  if (!message.subarray(2, 34).equals(place.vaultKey.toBuffer())) return null
  const spki = Buffer.concat([ED25519_SPKI, key])
  const publicKey = createPublicKey({ key: spki, format: 'der', type: 'spki' })
  if (!verify(null, message, publicKey, data.subarray(SIGNATURE_AT, MESSAGE_AT))) return null
  return message.readBigUInt64LE(34)
}
