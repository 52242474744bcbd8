/** The receipts: one per settled call, a chain per agent. Source: proof contract, "Receipts". */
import type { AgentKey } from './ledger.ts'

/** Who issues the receipts of a ledger. */
export interface ReceiptIssuer {
  /** Base58 address of the Gateway account. */
  readonly gateway: string
  /**
   * Signs within the settling transaction: 64 bytes over the signed bytes. Null where the key signs elsewhere and takes
   * its time: receipts are then written unsigned and signed after.
   */
  readonly sign: ((bytes: Uint8Array) => Uint8Array) | null
}

/** A receipt as it is stored. */
export interface IssuedReceipt {
  readonly agent: AgentKey
  readonly seq: number
  /** Canonical text (RFC 8785) of the receipt. */
  readonly text: string
  /** Base64; null until it is signed. */
  readonly signature: string | null
}

export interface ReceiptLedger {
  /** The receipt of one of the agent's calls, or null. */
  receipt(agent: AgentKey, requestId: string): Promise<IssuedReceipt | null>
  /** Ascending from `afterSeq` (exclusive; 0: from the first). */
  receipts(agent: AgentKey, afterSeq: number, limit: number): Promise<IssuedReceipt[]>
  /** Those that still wait for their signature, oldest first. */
  unsignedReceipts(limit: number): Promise<IssuedReceipt[]>
  /** Stores signatures (base64) of receipts that have none; those that have one keep it. */
  signReceipts(
    signed: readonly {
      readonly agent: AgentKey
      readonly seq: number
      readonly signature: string
    }[],
  ): Promise<void>
}
