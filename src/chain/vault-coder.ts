/**
 * The vault program's Borsh, by the committed IDL: what Anchor's coder writes, read more strictly. Anchor's fills a
 * field that the bytes do not reach with zeros; here a shortage throws, so nothing cut off is taken for an amount.
 * Field names are the IDL's; integers of 64 bits are bigint.
 */
import { isUtf8 } from 'node:buffer'
import { PublicKey } from '@solana/web3.js'
import { type Field, type VaultIdl, vaultIdl } from './program-file.ts'

type FieldValue = PublicKey | bigint | number | string
/** Values by the IDL's field names. */
export type Fields = Readonly<Record<string, FieldValue>>

/** Bytes that are not what they are read as. */
export class NotReadable extends Error {
  override readonly name = 'NotReadable'
}

const DISCRIMINATOR_SIZE = 8
const KEY_SIZE = 32

/** Bytes that a field takes at least. */
const SIZES = { u64: 8, i64: 8, u8: 1, pubkey: KEY_SIZE, string: 4 } as const

/** Reads one field at `offset`; NotReadable when the bytes end before it does, or a text is none. */
function readField({ type }: Field, bytes: Buffer, offset: number): [FieldValue, next: number] {
  const next = offset + SIZES[type]
  holdRoom(type, next, bytes)
  switch (type) {
    case 'u64':
      return [bytes.readBigUInt64LE(offset), next]
    case 'i64':
      return [bytes.readBigInt64LE(offset), next]
    case 'u8':
      return [bytes.readUInt8(offset), next]
    case 'pubkey':
      return [new PublicKey(bytes.subarray(offset, next)), next]
    case 'string': {
      const end = next + bytes.readUInt32LE(offset)
      holdRoom(type, end, bytes)
      const text = bytes.subarray(next, end)
      if (!isUtf8(text)) throw new NotReadable('a text is not UTF-8')
      return [new TextDecoder().decode(text), end]
    }
  }
}

function holdRoom(type: Field['type'], end: number, bytes: Buffer): void {
  if (end > bytes.length) throw new NotReadable(`a ${type} needs ${end} bytes of ${bytes.length}`)
}

function writeField({ name, type }: Field, value: FieldValue | undefined): Buffer {
  if (type === 'pubkey' && value instanceof PublicKey) return value.toBuffer()
  if ((type === 'u64' || type === 'i64') && typeof value === 'bigint') {
    const bytes = Buffer.alloc(8)
    if (type === 'u64') bytes.writeBigUInt64LE(value)
    else bytes.writeBigInt64LE(value)
    return bytes
  }
  if (type === 'string' && typeof value === 'string') {
    const text = Buffer.from(value)
    const length = Buffer.alloc(4)
    length.writeUInt32LE(text.length)
    return Buffer.concat([length, text])
  }
  throw new TypeError(`the argument ${name} is no ${type}`)
}

/** Reads the fields of a type and says how many bytes they took. */
function readFields(name: string, bytes: Buffer): { fields: Fields; size: number } {
  const layout = vaultIdl().types.find((type) => type.name === name)
  if (layout === undefined) throw new Error(`the IDL has no type ${name}`)
  const fields: Record<string, FieldValue> = {}
  let offset = 0
  for (const field of layout.type.fields) {
    const [value, next] = readField(field, bytes, offset)
    fields[field.name] = value
    offset = next
  }
  return { fields, size: offset }
}

function startsWith(data: Uint8Array, discriminator: readonly number[]): boolean {
  return Buffer.from(discriminator).equals(data.subarray(0, DISCRIMINATOR_SIZE))
}

/** Encodes an instruction's discriminator and arguments. Throws when the IDL has no such instruction or argument. */
export function encodeInstruction(
  { discriminator, args }: VaultIdl['instructions'][number],
  values: Fields,
): Buffer {
  const fields = args.map((field) => writeField(field, values[field.name]))
  return Buffer.concat([Buffer.from(discriminator), ...fields])
}

/** Decodes an account's data. Throws NotReadable when it is another's or too short; an account may be longer than its fields. */
export function decodeAccountFields(name: string, data: Uint8Array): Fields {
  const account = vaultIdl().accounts.find((candidate) => candidate.name === name)
  if (account === undefined || !startsWith(data, account.discriminator)) {
    throw new NotReadable(`the data is not of a ${name}`)
  }
  return readFields(name, Buffer.from(data.subarray(DISCRIMINATOR_SIZE))).fields
}

/**
 * Decodes an event: its discriminator and fields, without the event instruction's tag. Throws when the IDL has no such
 * event, and when the bytes are not exactly its fields: NotReadable.
 */
export function decodeEventFields(data: Uint8Array): { name: string; fields: Fields } {
  const event = vaultIdl().events.find(({ discriminator }) => startsWith(data, discriminator))
  if (event === undefined) {
    throw new NotReadable(
      `no event ${Buffer.from(data.subarray(0, DISCRIMINATOR_SIZE)).toString('hex')}`,
    )
  }
  const bytes = Buffer.from(data.subarray(DISCRIMINATOR_SIZE))
  const { fields, size } = readFields(event.name, bytes)
  if (size !== bytes.length) {
    throw new NotReadable(`${event.name} has ${bytes.length} bytes instead of ${size}`)
  }
  return { name: event.name, fields }
}
