/** An RPC node of the cluster: it answers web3.js, some time later, from the slot that it has come to. */
import { BLOCKHASH_SLOTS, type Cluster, type Landed } from './cluster.ts'
import { gatewayAccount, tokenAccount, transactionOf, vaultAccount } from './encoding.ts'
import { type AgentPlace, GATEWAY, GENESIS, TREASURY, TREASURY_TOKENS } from './place.ts'
import { blockhashOf, readSentBytes } from './sent-bytes.ts'

export interface NodeView {
  /** Slots by which the node is behind at either commitment. */
  readonly lag: number
  /** Whether only the newest history is kept. */
  readonly forgetful: boolean
  /** Whether lists leave out this transaction. */
  readonly hides: (signature: string) => boolean
  /** In how many slots a transaction that is sent now lands; null: the node drops it. */
  readonly landsIn: () => number | null
}

interface Options {
  readonly commitment?: string
  readonly limit?: number
  readonly before?: string
}

/** What a forgetful node keeps. */
const KEPT_SLOTS = 4

export class RpcNode {
  readonly #cluster: Cluster
  readonly #agents: ReadonlyMap<string, AgentPlace>
  readonly #byVault = new Map<string, AgentPlace>()
  readonly #byDepositAddress = new Map<string, AgentPlace>()
  #view: NodeView = { lag: 0, forgetful: false, hides: () => false, landsIn: () => 1 }

  /** `agents` by pubkey. */
  constructor(cluster: Cluster, agents: ReadonlyMap<string, AgentPlace>) {
    this.#cluster = cluster
    this.#agents = agents
    for (const agent of agents.values()) {
      this.#byVault.set(agent.vault, agent)
      this.#byDepositAddress.set(agent.depositAddress, agent)
    }
  }

  /** Answers one question, as the node sees the cluster. */
  answer(method: string, params: readonly unknown[], view: NodeView): unknown {
    this.#view = view
    this.#cluster.proceed()
    const last = params.at(-1)
    const options = (typeof last === 'object' && last !== null ? last : {}) as Options
    const slot = this.#slotAt(options.commitment ?? 'finalized')
    switch (method) {
      case 'getGenesisHash':
        return GENESIS
      case 'getSlot':
      case 'getBlockHeight':
        return slot
      case 'getFirstAvailableBlock':
        return this.#oldest
      case 'getLatestBlockhash': {
        const lastValidBlockHeight = slot + BLOCKHASH_SLOTS
        const value = { blockhash: blockhashOf(slot), lastValidBlockHeight }
        return { context: { slot }, value }
      }
      case 'getAccountInfo':
        return { context: { slot }, value: this.#account(String(params[0]), slot) }
      case 'getMultipleAccounts': {
        const value = (params[0] as string[]).map((address) => this.#account(address, slot))
        return { context: { slot }, value }
      }
      case 'getSignaturesForAddress':
        return this.#list(String(params[0]), options, slot)
      case 'getTransaction':
        return this.#transaction(String(params[0]), slot)
      case 'getSignatureStatuses':
        return { context: { slot }, value: (params[0] as string[]).map((one) => this.#status(one)) }
      case 'getRecentPrioritizationFees':
        return []
      case 'simulateTransaction':
        return this.#simulate(String(params[0]))
      case 'sendTransaction':
        return this.#send(String(params[0]))
      default:
        throw new Error(`nobody asks this node for ${method}`)
    }
  }

  get #oldest(): number {
    return this.#view.forgetful ? this.#cluster.finalSlot - KEPT_SLOTS : 0
  }

  #slotAt(commitment: string): number {
    const { finalSlot, confirmedSlot } = this.#cluster
    return Math.max(0, (commitment === 'finalized' ? finalSlot : confirmedSlot) - this.#view.lag)
  }

  #account(address: string, slot: number): object | null {
    const { delaySeconds } = this.#cluster
    if (address === GATEWAY.toBase58()) return gatewayAccount(delaySeconds)
    if (address === TREASURY_TOKENS) return tokenAccount(TREASURY.toBuffer(), 0n)
    const owner = this.#byVault.get(address)
    const paid = this.#byDepositAddress.get(address)
    const agent = owner ?? paid
    const state = agent === undefined ? null : this.#cluster.at(agent.key.pubkey, slot)
    if (agent === undefined || state === null) return null
    if (owner !== undefined) return vaultAccount(agent, state, delaySeconds)
    return tokenAccount(agent.vaultKey.toBuffer(), state.tokens)
  }

  #list(address: string, { limit = 1000, before }: Options, slot: number): object[] {
    const owner = this.#byVault.get(address)?.key.pubkey
    const isNamed = ({ listed, sent }: Landed): boolean =>
      owner === undefined ? listed : listed && sent.acts.some(({ agent }) => agent === owner)
    const rows: object[] = []
    let from = before === undefined
    for (let at = this.#cluster.landed.length - 1; at >= 0 && rows.length < limit; at -= 1) {
      const one = this.#cluster.landed[at]
      if (one === undefined || one.slot > slot || one.slot < this.#oldest || !isNamed(one)) continue
      const isCursor = one.signature === before
      if (from && !this.#view.hides(one.signature)) rows.push(this.#row(one))
      if (isCursor) from = true
    }
    return rows
  }

  #row({ signature, slot, failed }: Landed): object {
    const err = failed && { InstructionError: [failed.act, { Custom: failed.code }] }
    return { signature, slot, err, memo: null, confirmationStatus: this.#statusAt(slot) }
  }

  #statusAt(slot: number): 'finalized' | 'confirmed' | 'processed' {
    if (slot <= this.#slotAt('finalized')) return 'finalized'
    return slot <= this.#slotAt('confirmed') ? 'confirmed' : 'processed'
  }

  #transaction(signature: string, slot: number): object | null {
    const found = this.#cluster.find(signature)
    if (found === undefined || found.slot > slot) return null
    return transactionOf(found, this.#agents, this.#cluster.delaySeconds)
  }

  #status(signature: string): object | null {
    const found = this.#cluster.find(signature)
    if (found === undefined || found.slot > this.#cluster.slot - this.#view.lag) return null
    const { slot, failed } = found
    const err = failed && { InstructionError: [failed.act, { Custom: failed.code }] }
    return { slot, confirmations: 1, err, confirmationStatus: this.#statusAt(slot) }
  }

  #simulate(encoded: string): object {
    const sent = readSentBytes(Buffer.from(encoded, 'base64'), this.#byVault)
    const { failed, slot } = this.#cluster.trial(sent)
    const err = failed && { InstructionError: [failed.act, { Custom: failed.code }] }
    return { context: { slot }, value: { err, logs: [], unitsConsumed: 20_000 } }
  }

  #send(encoded: string): string {
    const sent = readSentBytes(Buffer.from(encoded, 'base64'), this.#byVault)
    const slots = this.#view.landsIn()
    if (slots !== null) this.#cluster.send(sent, slots)
    return sent.signature
  }
}
