/** What the ledger says once a soak is over. */
import { openBooks } from '../support/crash-books.ts'
import type { ServedGateway } from '../support/served-gateway.ts'

export interface Entry {
  /** Open ones, of all agents. */
  readonly holds: number
  /** What the ledger's own audit finds; null: nothing. */
  readonly audit: string | null
  /** By outcome. */
  readonly calls: Readonly<Record<string, number>>
  /** Units: of all calls, of all agents' books, and by how much the agents' books do not add up. */
  readonly charged: bigint
  readonly spent: bigint
  readonly missing: bigint
  /** Sockets beyond those that were open before the first stream. */
  readonly sockets: number
}

const PAGE = 1_000

export async function entriesOf({ dataDir, agents }: ServedGateway): Promise<Entry> {
  const books = openBooks(dataDir)
  try {
    const { ledger } = books
    let [spent, missing] = [0n, 0n]
    for (const { pubkey } of agents) {
      const balance = await ledger.balance(pubkey)
      spent += balance.spent
      const { deposited, available, held, frozen, withdrawn, owed } = balance
      missing += deposited - available - held - frozen - balance.spent - withdrawn + owed
    }
    const calls: Record<string, number> = {}
    let charged = 0n
    for (let after = 0; ; ) {
      const page = await ledger.calls(after, PAGE)
      for (const call of page) {
        const outcome = call.state === 'settled' ? call.usage.outcome : 'released'
        calls[outcome] = (calls[outcome] ?? 0) + 1
        charged += call.state === 'settled' ? call.charge : 0n
        after = call.seq
      }
      if (page.length < PAGE) break
    }
    const holds = agents.reduce((sum, { pubkey }) => sum + books.holds(pubkey).length, 0)
    return { holds, audit: await ledger.audit(), calls, charged, spent, missing, sockets: 0 }
  } finally {
    await books.close()
  }
}
