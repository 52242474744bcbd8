/** `level5 receipts`: what the agent was charged, under the gateway's signature. `level5 verify` checks them. */
import type { Command } from 'commander'
import { formatUsdc } from '../money.ts'
import type { SignedReceipt } from '../proof/receipt.ts'
import { type AgentFlags, agentOf, wholeNumber, withAgent } from './options.ts'
import { columns, createOutput } from './output.ts'

interface Flags extends AgentFlags {
  readonly after: number
  readonly limit: number
}

const SEQ_MAX = 999_999_999_999

export function addReceipts(program: Command): void {
  withAgent(program.command('receipts'))
    .description("list the agent's signed receipts, oldest first")
    .option('--after <seq>', 'begin after the receipt of this number', wholeNumber(0, SEQ_MAX), 0)
    .option('--limit <n>', 'rows on the page', wholeNumber(1, 500), 50)
    .action(async (flags: Flags) => {
      const { after, limit } = flags
      const page = await (await agentOf(flags)).receipts({ after, limit })
      const next = page.next_cursor === null ? [] : [`next: --after ${page.next_cursor}`]
      const text = [columns(page.data.map(row)), ...next].join('\n')
      createOutput(flags.json ?? false).result(page, text)
    })
}

function row({ receipt }: SignedReceipt): string[] {
  return [
    `${receipt.seq}`,
    receipt.ended_at,
    receipt.model ?? 'correction',
    receipt.outcome ?? '',
    `${formatUsdc(BigInt(receipt.charge))} USDC`,
    `${formatUsdc(BigInt(receipt.spent))} spent`,
    `${formatUsdc(BigInt(receipt.balance_after))} left`,
    receipt.request_id ?? '',
  ]
}
