/** What the chain says each known vault holds: its totals and its token account, at one slot. */
import { type Connection, PublicKey } from '@solana/web3.js'
import { decodeVault, type Vault } from '../src/chain/accounts.ts'
import { depositAddress } from '../src/chain/addresses.ts'
import { readTokenAccount, type TokenAccount } from '../src/chain/token.ts'
import type { NamedVault } from './decode.ts'

/** `getMultipleAccounts` takes 100 keys: a vault and its deposit address each. */
const VAULTS_PER_CALL = 50
/** More vaults than this are read in turns, so that a sweep stays short. */
const VAULTS_PER_ROUND = 500

export interface VaultReading extends NamedVault {
  /** Slot at which both were read; the embedded validator answers `finalized` with its newest. */
  readonly slot: number
  readonly account: Vault
  /** Null where the deposit address holds no token account. */
  readonly tokens: TokenAccount | null
}

export class VaultAccounts {
  readonly #rpc: Connection
  readonly #program: PublicKey
  readonly #mint: PublicKey
  #turn = 0

  constructor(rpc: Connection, program: PublicKey, mint: PublicKey) {
    this.#rpc = rpc
    this.#program = program
    this.#mint = mint
  }

  /** Whose turn it is to be read, of the known vaults. */
  round<Known extends NamedVault>(known: readonly Known[]): Known[] {
    const rounds = Math.ceil(known.length / VAULTS_PER_ROUND)
    const start = rounds === 0 ? 0 : (this.#turn++ % rounds) * VAULTS_PER_ROUND
    return known.slice(start, start + VAULTS_PER_ROUND)
  }

  /** Reads these vaults; one that the node does not have (yet) is left out. */
  async read(
    vaults: readonly NamedVault[],
    commitment: 'confirmed' | 'finalized',
  ): Promise<VaultReading[]> {
    const readings: VaultReading[] = []
    for (let at = 0; at < vaults.length; at += VAULTS_PER_CALL) {
      readings.push(...(await this.#readSome(vaults.slice(at, at + VAULTS_PER_CALL), commitment)))
    }
    return readings
  }

  async #readSome(
    vaults: readonly NamedVault[],
    commitment: 'confirmed' | 'finalized',
  ): Promise<VaultReading[]> {
    const keys = vaults.flatMap(({ vault }) => {
      const key = new PublicKey(vault)
      return [key, depositAddress(key, this.#mint)]
    })
    const { context, value } = await this.#rpc.getMultipleAccountsInfoAndContext(keys, commitment)
    return vaults.flatMap(({ vault, agent }, index) => {
      const [stored, tokens] = [value[2 * index], value[2 * index + 1]]
      if (stored == null || !stored.owner.equals(this.#program)) return []
      return {
        vault,
        agent,
        slot: context.slot,
        account: decodeVault(stored.data),
        tokens: tokens == null ? null : readTokenAccount(tokens.data),
      }
    })
  }
}
