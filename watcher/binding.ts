/** A ledger belongs to one chain, program, gateway and mint, and never meets another [C10]. */
import type { Connection, PublicKey } from '@solana/web3.js'
import { decodeGateway } from '../src/chain/accounts.ts'
import type { ChainLedger } from '../src/ledger/chain-ledger.ts'
import { foreignKey, type SigningKeys } from './gateway-keys.ts'

/** The chain is not the ledger's: nothing was changed, and trying again does not help. */
export class ChainRefused extends Error {
  override readonly name = 'ChainRefused'
}

/** The gateway whose deposits count. */
export interface Watched {
  readonly program: PublicKey
  readonly gateway: PublicKey
  readonly mint: PublicKey
}

/** A node may lag behind the one that was read before; a chain that is behind this often is another chain. */
const READS_BEHIND = 3

export class Binding {
  readonly #rpc: Connection
  readonly #ledger: ChainLedger
  readonly #watched: Watched
  readonly #signing: SigningKeys
  #behind = 0

  constructor(rpc: Connection, ledger: ChainLedger, watched: Watched, signing: SigningKeys) {
    this.#rpc = rpc
    this.#ledger = ledger
    this.#watched = watched
    this.#signing = signing
  }

  /**
   * Binds a new ledger to the chain, or holds an old one against it. Throws ChainRefused with both values on a mismatch;
   * anything else that it throws (no answer, no gateway yet, a chain that is behind for the moment) may pass.
   */
  async check(): Promise<void> {
    const genesisHash = await this.#rpc.getGenesisHash()
    const cursor = await this.#ledger.cursor()
    // A ledger that has read anything is bound: another chain is refused before it is asked for anything else.
    if (cursor !== null) await this.#bind(genesisHash)
    await this.#checkGateway()
    await this.#bind(genesisHash)
    if (cursor === null) return
    const slot = await this.#rpc.getSlot('finalized')
    if (slot >= cursor.slot) return
    this.#behind += 1
    const message = `the chain stands at slot ${slot}, the ledger has read up to slot ${cursor.slot}`
    throw this.#behind < READS_BEHIND ? new Error(message) : new ChainRefused(message)
  }

  async #bind(genesisHash: string): Promise<void> {
    const { program, gateway, mint } = this.#watched
    const outcome = await this.#ledger.bind({
      genesisHash,
      program: program.toBase58(),
      gateway: gateway.toBase58(),
      mint: mint.toBase58(),
    })
    if (outcome.kind === 'bound') return
    const { field, ledger, chain } = outcome
    throw new ChainRefused(`the ledger belongs to ${field} ${ledger}, not to ${chain}`)
  }

  async #checkGateway(): Promise<void> {
    const { program, gateway, mint } = this.#watched
    const stored = await this.#rpc.getAccountInfo(gateway, 'finalized')
    if (stored === null) throw new Error(`the gateway ${gateway.toBase58()} is not on the chain`)
    if (!stored.owner.equals(program)) {
      const owner = stored.owner.toBase58()
      throw new ChainRefused(`the gateway is of program ${owner}, not of ${program.toBase58()}`)
    }
    const final = decodeGateway(stored.data)
    if (!final.mint.equals(mint)) {
      throw new ChainRefused(
        `the gateway's mint is ${final.mint.toBase58()}, not the configured ${mint.toBase58()}`,
      )
    }
    const foreign = foreignKey(final, this.#signing)
    if (foreign === null) return
    // A change of the gateway that is confirmed is final in a moment.
    const confirmed = await this.#rpc.getAccountInfo(gateway, 'confirmed')
    const passes =
      confirmed !== null && foreignKey(decodeGateway(confirmed.data), this.#signing) === null
    throw passes ? new Error(foreign) : new ChainRefused(foreign)
  }
}
