/** Every charge has a receipt; the agent holds its whole history against the chain, believing nobody. */
import type { Stage } from './stage.ts'

const PAGE = 500

export async function receiptsScene(stage: Stage): Promise<void> {
  const { narrator, agent, ledger } = stage
  narrator.scene('Receipts: one for every charge, and nothing in them contradicts the chain')
  const { data } = await agent.receipts({ limit: PAGE })
  await narrator.figure('receipts', String(data.length), 'ledger', async () => {
    const rows = await ledger.transactions(agent.publicKey, null, PAGE)
    return String(rows.filter(({ type }) => type === 'DEBIT').length)
  })
  const spent = data.at(-1)?.receipt.spent ?? '0'
  await narrator.figure('spent, by the last one (units)', spent, 'ledger', async () =>
    (await ledger.balance(agent.publicKey)).spent.toString(),
  )
  const { ok, findings, checked } = await agent.verify()
  for (const { message } of findings) narrator.say(message)
  narrator.say(
    `level5 verify: ${checked.receipts} receipts, ${checked.deposits} deposits, ${checked.settlements} settlements, ` +
      `${checked.signatures} signatures`,
  )
  narrator.holds('no receipt, price, deposit or settlement contradicts another', ok)
}
