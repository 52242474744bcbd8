/** `level5 settle`: the operator's crank by hand. */
import type { Command } from 'commander'
import type { CrankReport } from '../../watcher/crank.ts'
import { totalOf } from '../../watcher/settle-plan.ts'
import { formatUsdc, type Units, units, ZERO } from '../money.ts'
import { addressOption, type JsonOption, withJson } from './options.ts'
import { createOutput } from './output.ts'
import { UsageError } from './report-failure.ts'
import { requireSettings } from './require-settings.ts'
import { settingsHelp } from './settings-help.ts'

interface Flags extends JsonOption {
  readonly agent?: string
  readonly operatorKey?: string
}

export function addSettle(program: Command): void {
  withJson(program.command('settle'))
    .description('collect what agents spent and signed for; settings come from the environment')
    .addOption(addressOption('--agent', 'only this agent (default: every one)'))
    .option('--operator-key <file|cmd:…>', "the gateway authority's key (default: OPERATOR_KEY)")
    .addHelpText('after', settingsHelp)
    .action(async (flags: Flags) => {
      const settings = requireSettings(process.env, 'watch')
      const operatorKey = flags.operatorKey ?? settings.chain.operatorKey
      if (operatorKey === null) {
        throw new UsageError('--operator-key (or OPERATOR_KEY) is needed: the key that settles')
      }
      // Loaded on demand: the agent's commands need no ledger.
      const { settleOnce } = await import('../main/settle-once.ts')
      const document = settleDocument(await settleOnce(settings, operatorKey, flags.agent ?? null))
      createOutput(flags.json ?? false).result(document, settleText(document))
      if (document.failed.length > 0) process.exitCode = 1
    })
}

/** The document of `--json`; amounts in units. */
type SettleDocument = ReturnType<typeof settleDocument>

function settleDocument({ steps, transactions, standings }: CrankReport) {
  const settled = steps.flatMap((step) => (step.kind === 'settled' ? [step] : []))
  const failed = steps.flatMap((step) => (step.kind === 'failed' ? [step] : []))
  const { covered, owed, atRisk } = totalOf(standings)
  return {
    settled: settled.map(({ kind: _, ...fields }) => fields),
    failed: failed.map(({ kind: _, ...fields }) => fields),
    transactions: transactions.map(({ signature, vaults, landed, feeLamports, computeUnits }) => ({
      signature,
      vaults,
      landed,
      fee_lamports: feeLamports,
      compute_units: computeUnits,
    })),
    agents: standings.map(({ atRisk: at_risk, ...fields }) => ({ ...fields, at_risk })),
    totals: {
      settled: settled.reduce<Units>((total, { amount }) => units(total + amount), ZERO),
      fee_lamports: transactions.reduce((total, { feeLamports }) => total + (feeLamports ?? 0), 0),
      covered,
      owed,
      at_risk: atRisk,
    },
  }
}

function settleText({ settled, failed, transactions, agents, totals }: SettleDocument): string {
  const feeOf = new Map(transactions.map((sent) => [sent.signature, sent]))
  const paid = settled.map(({ agent, amount, signature }) => {
    const sent = feeOf.get(signature)
    const fee = `fee ${sent?.fee_lamports ?? 'unknown'} lamports for ${sent?.vaults ?? 1}`
    return `settled  ${agent}  ${formatUsdc(amount)} USDC  ${signature} (${fee})`
  })
  const unpaid = failed.map(({ agent, reason }) => `failed   ${agent}  ${reason}`)
  const risky = agents
    .filter(({ at_risk, owed }) => at_risk > 0n || owed > 0n)
    .map(
      ({ agent, at_risk, owed }) =>
        `unsigned ${agent}  ${formatUsdc(at_risk)} USDC at risk, ${formatUsdc(owed)} USDC owed`,
    )
  const total = [
    `${formatUsdc(totals.settled)} USDC settled of ${settled.length} vaults`,
    `${totals.fee_lamports} lamports of fees`,
    `${formatUsdc(totals.covered)} USDC still covered`,
    `${formatUsdc(totals.owed)} USDC owed`,
    `${formatUsdc(totals.at_risk)} USDC at risk`,
  ].join('; ')
  return [...paid, ...unpaid, ...risky, total].join('\n')
}
