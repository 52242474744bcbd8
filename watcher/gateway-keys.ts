/** The keys that the Gateway account names, against those that this process signs with. */
import { type Connection, PublicKey } from '@solana/web3.js'
import { decodeGateway, type Gateway } from '../src/chain/accounts.ts'
import { addressOf, type TransactionSigner } from '../src/chain/send.ts'
import type { WatcherLog } from './log.ts'

/** What this process signs with; null where it does not. */
export interface SigningKeys {
  readonly operator: TransactionSigner | null
  /** 32 bytes of ed25519. */
  readonly receiptKey: Uint8Array | null
}

/** Which key is not the one that the Gateway names, with both values, or null. */
export function foreignKey(
  { authority, receiptKey }: Pick<Gateway, 'authority' | 'receiptKey'>,
  signing: SigningKeys,
): string | null {
  const { operator } = signing
  if (operator !== null && !addressOf(operator).equals(authority)) {
    return `the gateway's authority is ${authority.toBase58()}, OPERATOR_KEY is ${addressOf(operator).toBase58()}`
  }
  return foreignReceiptKey(receiptKey, signing)
}

function foreignReceiptKey(named: PublicKey, signing: SigningKeys): string | null {
  if (signing.receiptKey === null) return null
  const own = new PublicKey(signing.receiptKey)
  if (own.equals(named)) return null
  return `the gateway's receipt_key is ${named.toBase58()}, RECEIPT_KEY is ${own.toBase58()}`
}

interface Following {
  readonly rpc: Connection
  readonly gateway: PublicKey
  readonly log: WatcherLog
}

/** Follows changes of the receipt key while receipts are signed: those signed with another key verify for nobody. */
export class ReceiptKeyWatch {
  readonly #following: Following
  readonly #signing: SigningKeys
  /** The slot of a change that was not looked at yet. */
  #changedAt: number | null = null
  #problem: string | null = null

  constructor(following: Following, signing: SigningKeys) {
    this.#following = following
    this.#signing = signing
  }

  /** Why receipts that are signed now do not verify, or null. */
  get problem(): string | null {
    return this.#problem
  }

  /** The gateway's terms were set in this slot. */
  changed(slot: number): void {
    this.#changedAt = Math.max(slot, this.#changedAt ?? 0)
  }

  /** Looks at the account if its terms have changed; a node that is behind the change is asked again next time. */
  async check(): Promise<void> {
    if (this.#changedAt === null) return
    const { rpc, gateway, log } = this.#following
    const { context, value } = await rpc.getAccountInfoAndContext(gateway, 'finalized')
    if (value === null || context.slot < this.#changedAt) return
    const problem = foreignReceiptKey(decodeGateway(value.data).receiptKey, this.#signing)
    if (problem !== null && problem !== this.#problem) log.error({}, problem)
    if (problem === null && this.#problem !== null) log.warn({}, 'the receipt key agrees again')
    this.#problem = problem
    this.#changedAt = null
  }
}
