/** `level5 transactions`: what went in and out, newest first. */
import type { Command } from 'commander'
import type { TransactionRow } from '../agent/wire.ts'
import { formatUsdc } from '../money.ts'
import { type AgentFlags, agentOf, wholeNumber, withAgent } from './options.ts'
import { columns, createOutput } from './output.ts'

interface Flags extends AgentFlags {
  readonly limit: number
  readonly cursor?: string
}

export function addTransactions(program: Command): void {
  withAgent(program.command('transactions'))
    .description("list the agent's deposits, debits and withdrawals, newest first")
    .option('--limit <n>', 'rows on the page', wholeNumber(1, 500), 50)
    .option('--cursor <cursor>', 'the `next_cursor` of the page before')
    .action(async (flags: Flags) => {
      const { limit, cursor } = flags
      const page = await (await agentOf(flags)).transactions({
        limit,
        ...(cursor === undefined ? {} : { cursor }),
      })
      const next = page.next_cursor === null ? [] : [`next: --cursor ${page.next_cursor}`]
      const text = [columns(page.data.map(row)), ...next].join('\n')
      createOutput(flags.json ?? false).result(page, text)
    })
}

function row(item: TransactionRow): string[] {
  const sign = item.type === 'DEPOSIT' ? '+' : '-'
  return [
    item.timestamp,
    item.type,
    `${sign}${formatUsdc(BigInt(item.amount))}`,
    `${formatUsdc(BigInt(item.balance_after))} left`,
    item.signature ?? item.request_id ?? '',
  ]
}
