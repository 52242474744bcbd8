/** `level5 withdraw`: takes USDC out of the vault, in its two steps. */
import { type Command, Option } from 'commander'
import type { Agent, WithdrawResult } from '../agent/index.ts'
import { formatUsdc, type Units } from '../money.ts'
import { type AgentFlags, agentOf, usdcAmount, withAgent } from './options.ts'
import { createOutput, type Output } from './output.ts'
import { UsageError } from './report-failure.ts'
import { describeProgress } from './vault-progress.ts'

interface Flags extends AgentFlags {
  readonly usdc?: Units
  readonly all?: true
  readonly cancel?: true
  /** False with `--no-wait`. */
  readonly wait: boolean
}

export function addWithdraw(program: Command): void {
  withAgent(program.command('withdraw'))
    .description('take USDC out of the vault: request it, wait out the delay, withdraw')
    .addOption(
      new Option('--usdc <amount>', 'how much, like 5 or 0.25')
        .argParser(usdcAmount)
        .conflicts(['all', 'cancel']),
    )
    .addOption(new Option('--all', 'everything that is not spent').conflicts('cancel'))
    .option('--no-wait', 'leave after the request; the same command later goes on')
    .option('--cancel', 'take a pending request back')
    .action(async (flags: Flags) => {
      const output = createOutput(flags.json ?? false)
      const agent = await agentOf(flags)
      if (flags.cancel === true) return await cancel(agent, output)
      if (flags.usdc === undefined && flags.all !== true) {
        throw new UsageError('withdraw takes --usdc <amount>, --all or --cancel')
      }
      const result = await agent.withdraw({
        ...(flags.usdc === undefined ? { all: true } : { units: flags.usdc }),
        wait: flags.wait,
        onProgress: (progress) => output.progress(describeProgress(progress)),
      })
      output.result(result, describe(result, flags.usdc))
    })
}

async function cancel(agent: Agent, output: Output): Promise<void> {
  const cancelled = await agent.cancelWithdrawal()
  const { amount, signature } = cancelled
  const text =
    amount === null
      ? 'no request is pending'
      : `the request of ${formatUsdc(BigInt(amount))} USDC is cancelled (${signature})`
  output.result(cancelled, text)
}

function describe(result: WithdrawResult, asked: Units | undefined): string {
  const amount = formatUsdc(BigInt(result.amount))
  const left = BigInt(result.left_in_vault)
  if (result.state === 'requested') {
    return `${amount} USDC requested, to be had at ${result.withdrawable_at}: the same command goes on then`
  }
  const lines = [`${amount} USDC are in the wallet`]
  if (asked === undefined && left > 0n) lines.push(REST(formatUsdc(left)))
  return lines.join('\n')
}

/** What `--all` leaves behind. */
const REST = (left: string) =>
  `${left} USDC stay in the vault: spent or in use. The operator collects what you signed vouchers for; without ` +
  'vouchers nobody but you can move it (`level5 exit`), and the gateway then serves you no more calls until it is paid.'
