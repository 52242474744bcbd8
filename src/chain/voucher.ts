/**
 * Vouchers: what an agent signs to let the operator settle. Bytes and header only; who takes one verifies it strictly.
 * Source: chain contract, "Voucher"; fixed bytes in `vectors.json`.
 */
import type { PublicKey } from '@solana/web3.js'
import { type Units, units } from '../money.ts'

/** `0x56 0x01 | vault (32) | cumulative (u64) | expires_at (i64)`, little-endian. */
const VOUCHER_BYTES = 50

const U64_MAX = 2n ** 64n - 1n
const I64_MAX = 2n ** 63n - 1n

/** A voucher as it travels, its vault known from elsewhere. */
export interface VoucherText {
  /** A u64: may be more than there is. */
  readonly cumulative: Units
  /** Unix seconds; 0: never. */
  readonly expiresAt: bigint
  /** Base64 of 64 bytes. */
  readonly signature: string
}

/** The bytes that the agent signs. Throws a RangeError for what the layout cannot hold. */
export function voucherBytes(vault: PublicKey, cumulative: Units, expiresAt = 0n): Uint8Array {
  const bytes = Buffer.alloc(VOUCHER_BYTES)
  bytes.writeUInt16BE(0x5601)
  bytes.set(vault.toBytes(), 2)
  bytes.writeBigUInt64LE(cumulative, 34)
  bytes.writeBigInt64LE(expiresAt, 42)
  return bytes
}

/** `{cumulative}:{expires_at}:{base64 signature}`, as `X-Agent-Voucher` carries it. */
export function voucherHeader({ cumulative, expiresAt, signature }: VoucherText): string {
  return `${cumulative}:${expiresAt}:${signature}`
}

/** Null for anything that is not exactly that form, with decimals in range and without leading zeros. */
export function parseVoucherHeader(text: string): VoucherText | null {
  const match = /^(0|[1-9]\d{0,19}):(0|-?[1-9]\d{0,18}):([A-Za-z0-9+/]{86}==)$/.exec(text)
  if (match === null) return null
  const [, cumulativeText = '', expiresText = '', signature = ''] = match
  const cumulative = BigInt(cumulativeText)
  const expiresAt = BigInt(expiresText)
  if (cumulative > U64_MAX || expiresAt > I64_MAX || expiresAt < -I64_MAX - 1n) return null
  return { cumulative: units(cumulative), expiresAt, signature }
}
