/** Every charge has a receipt, chained and signed with the key that the chain names: checked without believing the gateway. */
import type { PublicKey } from '@solana/web3.js'
import { decodeGateway } from '../../chain/accounts.ts'
import { verifyStrict } from '../../identity/ed25519.ts'
import { readReceipt } from '../../proof/read-receipt.ts'
import { FIRST_PREV, type SignedReceipt } from '../../proof/receipt.ts'
import type { Stage } from './stage.ts'

const PAGE = 500

export async function receiptsScene(stage: Stage): Promise<void> {
  const { narrator, agent, ledger } = stage
  narrator.scene('Receipts: one for every charge, chained and signed')
  const { data } = await agent.receipts({ limit: PAGE })
  await narrator.figure('receipts', String(data.length), 'ledger', async () => {
    const rows = await ledger.transactions(agent.publicKey, null, PAGE)
    return String(rows.filter(({ type }) => type === 'DEBIT').length)
  })
  const spent = data.at(-1)?.receipt.spent ?? '0'
  await narrator.figure('spent, by the last one (units)', spent, 'ledger', async () =>
    (await ledger.balance(agent.publicKey)).spent.toString(),
  )
  narrator.holds(
    'each names the one before, and is signed by the key that the Gateway account names on chain',
    isChain(data, await receiptKey(stage)),
  )
}

/** Reads the key where the gateway cannot change what is read. */
async function receiptKey({ rpc, network }: Stage): Promise<PublicKey> {
  const account = await rpc.getAccountInfo(network.gateway, 'finalized')
  if (account === null) throw new Error('the chain has no such gateway')
  return decodeGateway(account.data).receiptKey
}

function isChain(receipts: readonly SignedReceipt[], key: PublicKey): boolean {
  let prev = FIRST_PREV
  for (const [index, delivered] of receipts.entries()) {
    const reading = readReceipt(delivered)
    if (reading.kind === 'malformed') return false
    const { seq, signedBytes, signature, digest } = reading.receipt
    if (seq !== index + 1 || reading.receipt.prev !== prev) return false
    if (!verifyStrict(key.toBytes(), signedBytes, signature)) return false
    prev = digest
  }
  return receipts.length > 0
}
