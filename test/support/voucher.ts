/** Vouchers as agents sign them, right and wrong. */
import type { PublicKey } from '@solana/web3.js'
import { voucherBytes, voucherHeader } from '../../src/chain/voucher.ts'
import { units } from '../../src/money.ts'
import type { TestAgent } from './agent.ts'
import { addressesOf } from './gateway.ts'

interface Unusual {
  readonly expiresAt?: bigint
  readonly vaultKey?: PublicKey
}

/** The text of `X-Agent-Voucher` for this total. */
export function signVoucher(agent: TestAgent, total: bigint, unusual: Unusual = {}): string {
  const { expiresAt = 0n, vaultKey = addressesOf(agent.pubkey).vaultKey } = unusual
  const cumulative = units(total)
  const signed = agent.signBytes(voucherBytes(vaultKey, cumulative, expiresAt))
  const signature = Buffer.from(signed).toString('base64')
  return voucherHeader({ cumulative, expiresAt, signature })
}
