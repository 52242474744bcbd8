/** `level5 verify`: walks the agent's history and prints each contradiction. Exit 1 where there is one. */
import type { Command } from 'commander'
import { formatUsdc } from '../money.ts'
import type { Checked, Fact, Finding, Note, Verdict } from '../proof/finding.ts'
import { type AgentFlags, agentOf, withAgent } from './options.ts'
import { columns, createOutput } from './output.ts'

const FOUND = 1
/** More are in the document of `--json`. */
const SHOWN_MAX = 20
const FACT_CHARACTERS_MAX = 600

export function addVerify(program: Command): void {
  withAgent(program.command('verify'))
    .description('check every charge and balance against the chain; exits 1 on a contradiction')
    .action(async (flags: AgentFlags) => {
      const verdict = await (await agentOf(flags)).verify()
      createOutput(flags.json ?? false).result(verdict, report(verdict))
      if (!verdict.ok) process.exitCode = FOUND
    })
}

function report({ ok, findings, notes, checked }: Verdict): string {
  const hidden = findings.length - SHOWN_MAX
  return [
    ...findings.slice(0, SHOWN_MAX).map(findingText),
    ...(hidden > 0 ? [`… and ${hidden} more: --json prints all`] : []),
    ...notes.map((note) => `note: ${noteText(note)}`),
    summary(checked),
    ok
      ? 'no contradiction found'
      : `${findings.length} ${findings.length === 1 ? 'contradiction' : 'contradictions'} found`,
  ].join('\n')
}

function findingText({ kind, message, says, but }: Finding): string {
  return `${kind}: ${message}\n  ${factText(says)}\n  but ${factText(but)}`
}

/** The document itself is left to `--json`. */
function factText(fact: Fact): string {
  const { source, states } = fact
  const where = 'target' in fact ? ` ${fact.target}` : 'rule' in fact ? ` (${fact.rule})` : ''
  const place =
    source !== 'chain'
      ? ''
      : ` ${fact.transaction ?? fact.account ?? ''} at slot ${fact.slot}`.replace('  ', ' ')
  const text = JSON.stringify(states)
  const stated = text.length > FACT_CHARACTERS_MAX ? `${text.slice(0, FACT_CHARACTERS_MAX)}…` : text
  return `${source.replace('_', ' ')}${where}${place}: ${stated}`
}

function noteText(note: Note): string {
  switch (note.kind) {
    case 'session_unproven':
      return `${note.receipts} charges of ${formatUsdc(BigInt(note.charged))} USDC through the session ${note.session}, for which the gateway shows no proof (${note.why})`
    case 'upgrade_authority':
      return `${note.authority} can still replace the program ${note.program}`
    case 'unpinned':
      return `program ${note.program} and gateway ${note.gateway} were taken from the gateway itself: configure them (--program, --gateway)`
    case 'node_of_the_gateway':
      return `the RPC node ${note.rpc_url} was named by the gateway: use one of your own (--rpc-url)`
    case 'history_incomplete':
      return `${note.why}: not checked: ${note.skipped}`
  }
}

function summary(checked: Checked): string {
  const usdc = (units: string) => `${formatUsdc(BigInt(units))} USDC`
  return columns([
    ['receipts', `${checked.receipts} (${checked.corrections} corrections)`],
    ['charged', usdc(checked.charged)],
    ['deposits', `${checked.deposits}, ${usdc(checked.deposited)}`],
    ['settlements', `${checked.settlements}, ${usdc(checked.settled)}`],
    ['withdrawn', usdc(checked.withdrawn)],
    ['price lists', String(checked.price_lists)],
    ['receipt keys', String(checked.receipt_keys)],
    ['sessions', String(checked.sessions)],
    ['signatures', String(checked.signatures)],
    ['chain', `slot ${checked.slot}, finalized`],
  ])
}
