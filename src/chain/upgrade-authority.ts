/** Who may replace a program: read from its ProgramData account. Source: chain contract, "A production program". */
import { type Connection, PublicKey } from '@solana/web3.js'

const UPGRADEABLE_LOADER = new PublicKey('BPFLoaderUpgradeab1e11111111111111111111111')

/** The loader's account layouts: u32 kind, then for a program its ProgramData, and for that u64 slot, option of a key. */
const PROGRAM_KIND = 2
const PROGRAM_SIZE = 36
const PROGRAM_DATA_KIND = 3
const AUTHORITY_TAG_OFFSET = 12
const AUTHORITY_OFFSET = 13
const AUTHORITY_END = 45

export type UpgradeAuthority =
  /** Nobody can replace the program. */
  | { readonly kind: 'none' }
  /** Whoever holds this key can. */
  | { readonly kind: 'held'; readonly authority: PublicKey }
  /** There is no such program on this chain. */
  | { readonly kind: 'absent' }

/** Reads it at `finalized`. Throws where the loader's accounts are not what they must be. */
export async function upgradeAuthority(
  rpc: Connection,
  program: PublicKey,
): Promise<UpgradeAuthority> {
  const account = await rpc.getAccountInfo(program, 'finalized')
  if (account === null || !account.executable) return { kind: 'absent' }
  if (!account.owner.equals(UPGRADEABLE_LOADER)) return { kind: 'none' }
  if (account.data.length < PROGRAM_SIZE || account.data.readUInt32LE(0) !== PROGRAM_KIND) {
    throw new Error(`${program} is no program account of the upgradeable loader`)
  }
  const address = new PublicKey(account.data.subarray(4, PROGRAM_SIZE))
  const data = (await rpc.getAccountInfo(address, 'finalized'))?.data
  if (data === undefined || data.length < AUTHORITY_END) throw new Error(`${address} is cut short`)
  return authorityOf(data)
}

/** Reads the authority out of a ProgramData account. */
function authorityOf(data: Buffer): UpgradeAuthority {
  if (data.readUInt32LE(0) !== PROGRAM_DATA_KIND) throw new Error('this is no ProgramData account')
  const authority = new PublicKey(data.subarray(AUTHORITY_OFFSET, AUTHORITY_END))
  // Nothing can sign as the all-zero key, which local validators write for "nobody".
  const nobody = data[AUTHORITY_TAG_OFFSET] === 0 || authority.equals(PublicKey.default)
  return nobody ? { kind: 'none' } : { kind: 'held', authority }
}
