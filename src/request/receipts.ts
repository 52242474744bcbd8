/**
 * Receipts on their way to the agent. A key that this process holds has signed them in the settling transaction; where
 * the key signs elsewhere, they are signed here. Source: proof contract, "Receipts".
 */
import { LedgerUnavailable } from '../ledger/ledger.ts'
import type { IssuedReceipt, ReceiptLedger } from '../ledger/receipt-ledger.ts'
import { receiptBytes } from '../proof/receipt.ts'
import { type MessageSigner, SignerFailed } from '../signers/message-signer.ts'

export interface ReceiptDesk {
  /**
   * The text `{"receipt":{…},"signature":"…"}`, once it is signed and the signature stored.
   * Null: the key does not sign now. The receipt stands, and is signed later.
   */
  deliver(issued: IssuedReceipt): Promise<string | null>
  /** Signs those that wait for it, oldest first. Throws what stopped it. */
  signWaiting(): Promise<void>
}

/** How many are signed before their signatures are stored. */
const BATCH = 100

export function createReceiptDesk(
  ledger: Pick<ReceiptLedger, 'unsignedReceipts' | 'signReceipts'>,
  signer: MessageSigner,
): ReceiptDesk {
  async function sign({ agent, seq, text }: IssuedReceipt) {
    const signature = await signer.sign(receiptBytes(text))
    return { agent, seq, signature: Buffer.from(signature).toString('base64') }
  }
  async function signed(issued: IssuedReceipt): Promise<string | null> {
    if (issued.signature !== null) return issued.signature
    try {
      const late = await sign(issued)
      await ledger.signReceipts([late])
      return late.signature
    } catch (error) {
      if (error instanceof SignerFailed || error instanceof LedgerUnavailable) return null
      throw error
    }
  }
  return {
    async deliver(issued) {
      const signature = await signed(issued)
      return signature === null ? null : `{"receipt":${issued.text},"signature":"${signature}"}`
    },
    async signWaiting() {
      const waiting = await ledger.unsignedReceipts(BATCH)
      const late: Awaited<ReturnType<typeof sign>>[] = []
      try {
        for (const issued of waiting) late.push(await sign(issued))
      } finally {
        if (late.length > 0) await ledger.signReceipts(late)
      }
    },
  }
}
