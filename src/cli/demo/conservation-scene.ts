/** Every unit is somewhere, and the books, the gateway and the chain agree where. */
import { PublicKey } from '@solana/web3.js'
import type { Balance } from '../../agent/index.ts'
import { decodeVault } from '../../chain/accounts.ts'
import { readTokenAccount } from '../../chain/token.ts'
import { formatUsdc } from '../../money.ts'
import type { Stage } from './stage.ts'

const PAGE = 500

export async function conservationScene(stage: Stage): Promise<void> {
  const { narrator, agent, ledger } = stage
  narrator.scene('Conservation: deposited = available + held + frozen + spent + withdrawn − owed')
  const told = await agent.balance()
  const books = await ledger.balance(agent.publicKey)
  const names = ['deposited', 'available', 'held', 'frozen', 'spent', 'withdrawn', 'owed'] as const
  for (const name of names) {
    await narrator.figure(`${name} (USDC)`, formatUsdc(BigInt(told[name])), 'ledger', async () =>
      formatUsdc(books[name]),
    )
  }
  const { available, held, frozen, spent, withdrawn, owed } = books
  const total = available + held + frozen + spent + withdrawn - owed
  narrator.holds('the sum is what was deposited', total === books.deposited)
  narrator.holds(
    "the journal re-sums to it, and the ledger's own audit finds nothing",
    await audited(stage),
  )
  await chainAgrees(stage, told)
}

async function audited({ ledger, agent }: Stage): Promise<boolean> {
  const rows = await ledger.transactions(agent.publicKey, null, PAGE)
  const sum = rows.reduce((so, row) => so + (row.type === 'DEPOSIT' ? row.amount : -row.amount), 0n)
  const { available, held, frozen, owed } = await ledger.balance(agent.publicKey)
  return sum === available + held + frozen - owed && (await ledger.audit()) === null
}

async function chainAgrees({ narrator, agent, rpc }: Stage, told: Balance): Promise<void> {
  const { deposited, settled, withdrawn } = told
  const terms = await agent.depositTerms()
  await narrator.figure('deposited (units)', deposited, 'rpc', async () => {
    const account = await rpc.getAccountInfo(new PublicKey(terms.vault), 'finalized')
    return account === null ? 'no vault' : decodeVault(account.data).deposited.toString()
  })
  const left = BigInt(deposited) - BigInt(settled) - BigInt(withdrawn)
  await narrator.figure('in the vault (units)', left.toString(), 'rpc', async () => {
    const account = await rpc.getAccountInfo(new PublicKey(terms.deposit_address), 'finalized')
    return String(account === null ? 'no account' : readTokenAccount(account.data)?.amount)
  })
}
