/** `level5 deposit`: moves USDC from the agent's wallet into its vault and waits for the credit. */
import type { Command } from 'commander'
import type { DepositProgress } from '../agent/index.ts'
import { formatUsdc, type Units } from '../money.ts'
import { type AgentFlags, agentOf, usdcAmount, wholeNumber, withAgent } from './options.ts'
import { createOutput } from './output.ts'

interface Flags extends AgentFlags {
  readonly usdc: Units
  readonly timeout: number
}

export function addDeposit(program: Command): void {
  withAgent(program.command('deposit'))
    .description('pay into the vault, opening it if there is none, and wait for the credit')
    .requiredOption('--usdc <amount>', 'how much, like 5 or 0.25', usdcAmount)
    .option('--timeout <seconds>', 'how long to wait for the credit', wholeNumber(1, 3600), 120)
    .action(async (flags: Flags) => {
      const output = createOutput(flags.json ?? false)
      const result = await (await agentOf(flags)).deposit({
        units: flags.usdc,
        timeoutMs: flags.timeout * 1000,
        onProgress: (progress) => output.progress(describe(progress)),
      })
      const text = `${formatUsdc(BigInt(result.amount))} USDC credited (${result.signature}, slot ${result.slot}); ${formatUsdc(BigInt(result.available))} USDC available`
      output.result(result, text)
    })
}

/** One line for each stage of a deposit. */
export function describe(progress: DepositProgress): string {
  switch (progress.stage) {
    case 'sent':
      return `sent ${progress.signature}${progress.opened_vault ? ' (opens the vault)' : ''}`
    case 'confirmed':
      return `confirmed in slot ${progress.slot}`
    case 'finalized':
      return `finalized in slot ${progress.slot}; waiting for the credit`
    case 'credited':
      return `credited: ${formatUsdc(BigInt(progress.available))} USDC available`
  }
}
