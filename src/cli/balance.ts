/** `level5 balance`: what the agent has with the gateway. */
import type { Command } from 'commander'
import { formatUsdc } from '../money.ts'
import { type AgentFlags, agentOf, withAgent } from './options.ts'
import { columns, createOutput } from './output.ts'

const SHOWN = ['available', 'held', 'frozen', 'spent', 'deposited', 'settled', 'withdrawn'] as const

export function addBalance(program: Command): void {
  withAgent(program.command('balance'))
    .description('show what the agent can spend, and where the rest is')
    .action(async (flags: AgentFlags) => {
      const balance = await (await agentOf(flags)).balance()
      const rows = SHOWN.map((name) => [name, `${formatUsdc(BigInt(balance[name]))} USDC`])
      const pending = balance.pending.map(({ signature, amount, status }) => [
        `${status} ${signature}`,
        `${formatUsdc(BigInt(amount))} USDC`,
      ])
      createOutput(flags.json ?? false).result(balance, columns([...rows, ...pending]))
    })
}
