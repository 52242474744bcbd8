/** The operator's keys, opened at start: one that cannot sign is found then, not at the first signature. */
import type { ReceiptIssuer } from '../ledger/receipt-ledger.ts'
import type { Settings } from '../settings.ts'
import type { FileSigner } from '../signers/file-signer.ts'
import type { MessageSigner } from '../signers/message-signer.ts'
import { openSigner } from '../signers/open-signer.ts'

export interface Keys {
  /** Signs receipts; null where none are issued. */
  readonly receipts: MessageSigner | FileSigner | null
  /** The gateway's authority; null where nothing is settled or synced. */
  readonly operator: MessageSigner | null
  close(): Promise<void>
}

/** Signs receipts as they are written, where the key is this process's own; else they are signed after. */
export function receiptIssuer(receipts: Keys['receipts'], gateway: string): ReceiptIssuer | null {
  if (receipts === null) return null
  return { gateway, sign: 'signNow' in receipts ? receipts.signNow : null }
}

/** Opens what the settings name. Throws, naming each variable whose key cannot be used. */
export async function openKeys({ receiptKey, chain }: Settings): Promise<Keys> {
  const opened = await Promise.allSettled([
    receiptKey === null ? null : openSigner('RECEIPT_KEY', receiptKey),
    chain.operatorKey === null ? null : openSigner('OPERATOR_KEY', chain.operatorKey),
  ])
  const signers = opened.map((one) => (one.status === 'fulfilled' ? one.value : null))
  const close = async () => {
    for (const signer of signers) await signer?.close()
  }
  const problems = opened.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
  if (problems.length > 0) {
    await close()
    throw new Error(problems.map(({ message }: Error) => message).join('\n'))
  }
  const [receipts = null, operator = null] = signers
  return { receipts, operator, close }
}
