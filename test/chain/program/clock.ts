/** The chain's own clock, which the program goes by. */
import { setTimeout as pause } from 'node:timers/promises'
import { type Connection, SYSVAR_CLOCK_PUBKEY } from '@solana/web3.js'

const UNIX_TIMESTAMP_OFFSET = 32
const POLL_MS = 20

/** Seconds since 1970, as the newest block has them. */
export async function chainSeconds(rpc: Connection): Promise<bigint> {
  const clock = await rpc.getAccountInfo(SYSVAR_CLOCK_PUBKEY, 'processed')
  if (clock === null) throw new Error('the chain has no clock')
  return clock.data.readBigInt64LE(UNIX_TIMESTAMP_OFFSET)
}

/** Waits until the chain's clock has come to `seconds`. */
export async function waitForChainSeconds(rpc: Connection, seconds: bigint): Promise<void> {
  while ((await chainSeconds(rpc)) < seconds) await pause(POLL_MS)
}
