/**
 * What a call may come to, reckoned from what its provider sent, what its client did and what befell its gateway.
 * Source: the billing policy, "How a call can end"; properties L4, M2-M4, M8.
 */
import type { SimulatedCall } from '../calls/call.ts'
import { type Said, saidBy } from '../calls/pieces.ts'
import { costOf, largest, least, NOTHING, type Usage } from './reckoning.ts'
import type { EndedRow } from './rows.ts'
import { askAgain } from './second-opinion.ts'
import { must } from './violation.ts'

/** The provider of a call that nobody waits for any more is left by then [M4]. */
const ABORTED_WITHIN_MS = 1_000

interface RecordedUsage {
  readonly outcome: string
}

/** Holds how a call ended against what happened to it. Throws a Violation. */
export function judgeEnd(call: SimulatedCall, row: EndedRow): void {
  const where = (): string => `${row.request_id} (${call.ask.format}, ${describe(call)})`
  must(row.agent_pubkey === call.agent, 'A1', () => `${where()} is ${row.agent_pubkey}'s`)
  const { client, provider } = call
  const overrunMs = (provider.lastAt ?? 0) - (client.leftAt ?? Number.POSITIVE_INFINITY)
  must(
    overrunMs <= ABORTED_WITHIN_MS,
    'M4',
    () => `${where()} was read on for ${overrunMs} ms after its client had left`,
  )
  must(row.session_id === call.session, 'A3', () => `${where()} is of session ${row.session_id}`)
  if (row.state === 'released') judgeRelease(call, row, where)
  else {
    const { outcome } = JSON.parse(row.usage_json ?? '{}') as RecordedUsage
    judgeCharge(call, row, outcome, where)
  }
}

/** Nothing is given back that a provider delivered to somebody who stayed. */
function judgeRelease(call: SimulatedCall, row: EndedRow, where: () => string): void {
  const { script, provider, client, ask, disturbances } = call
  const isWhole =
    script.kind === 'answers' && script.end === 'ended' && provider.taken === script.bytes
  const streams = ask.stream && client.status === 200
  const isFree = isWhole && provider.end === 'ended' && client.leftAt === null
  must(
    !isFree || disturbances.has('stopped'),
    'M3',
    () => `${where()} was answered whole and is released: ${row.reason}`,
  )
  must(!streams, 'M4', () => `${where()} began its stream and is released: ${row.reason}`)
  if (row.reason !== 'client_left') return
  must(
    client.leftAt !== null && !provider.asked,
    'M4',
    () => `${where()} is free though it was asked`,
  )
}

function judgeCharge(
  call: SimulatedCall,
  row: EndedRow,
  outcome: string,
  where: () => string,
): void {
  const { asked, held } = call.provider
  // Before the provider was asked its process died, a clock that was set ended its lease, or its release could not be written.
  const { disturbances } = call
  const isEarly = (['killed', 'clock', 'ledger'] as const).some((one) => disturbances.has(one))
  const sweptBefore = outcome === 'recovered' && isEarly
  must(asked || sweptBefore, 'L3', () => `${where()} is charged and its provider was never asked`)
  const isKnown = asked && held > 0n
  must(!isKnown || row.held === held, 'L3', () => `${where()} held ${held}, ended ${row.held}`)
  judgeOutcome(call, outcome, where)
  const range = chargesFor(call, outcome, row.held)
  const fits = range.some(({ from, to }) => from <= row.charge && row.charge <= to)
  must(fits, 'M2', () => {
    const allowed = range.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`))
    return `${where()} is charged ${row.charge} as ${outcome}; reckoned: ${allowed.join(' or ')} under ${row.held}`
  })
}

function judgeOutcome(call: SimulatedCall, outcome: string, where: () => string): void {
  const { script, provider, client, disturbances } = call
  const said = readings(call)
  const excuse = {
    completed: said.some(({ usage }) => usage !== null),
    usage_missing: said.some(({ usage }) => usage === null),
    client_left: client.leftAt !== null,
    provider_failed:
      provider.end === 'broken' ||
      said.some(({ end, finished }) => end !== 'completed' && !finished),
    provider_stalled: provider.end === 'stalled',
    recovered: disturbances.size > 0,
  }[outcome]
  must(
    excuse === true,
    outcome === 'recovered' ? 'L5' : 'M3',
    () => `${where()} ended as ${outcome}`,
  )
  if (disturbances.size > 0 || client.leftAt !== null) return
  const isWhole = script.kind === 'answers' && script.end === 'ended'
  const isGood = said.every(({ end, finished }) => end === 'completed' || finished)
  const plain = isWhole && isGood && provider.end === 'ended'
  const fine = outcome === 'completed' || outcome === 'usage_missing'
  must(!plain || fine, 'M3', () => `${where()} was answered whole and ended as ${outcome}`)
}

/** What the provider's bytes say, strictly; and leniently, where only a line end is missing. */
function readings({ script, provider }: SimulatedCall): Said[] {
  if (script.kind !== 'answers') return [saidBy([], 0, false)]
  return [false, true].map((lenient) => saidBy(script.pieces, provider.taken, lenient))
}

/** What was known at any moment of the call: what is recovered was noted at one of them. */
function momentsOf({ script, provider }: SimulatedCall): Said[] {
  const moments = [saidBy([], 0, false)]
  if (script.kind !== 'answers') return moments
  let bytes = 0
  for (const piece of script.pieces) {
    bytes += piece.bytes.length
    if (bytes <= provider.taken) moments.push(saidBy(script.pieces, bytes, false))
  }
  return moments
}

interface Range {
  readonly from: bigint
  readonly to: bigint
}

function chargesFor(call: SimulatedCall, outcome: string, held: bigint): Range[] {
  const exactly = (usage: Usage): Range => {
    const charge = least(costOf(call.model, usage), held)
    return { from: charge, to: charge }
  }
  const isStream = call.client.status === 200 && call.ask.stream && isEvents(call)
  const said = readings(call)
  switch (outcome) {
    case 'completed': {
      const usages = said.flatMap(({ usage }) => (usage === null ? [] : [usage]))
      for (const usage of usages) askAgain(call.ask, usage)
      return usages.map(exactly)
    }
    case 'client_left':
      if (!isStream) return [exactly(boundedUsage(call, saidBy([], 0, false)))]
      return said.map((one) => exactly(one.usage ?? boundedUsage(call, one)))
    case 'recovered': {
      const moments = [...momentsOf(call), ...said]
      const all = moments.map((one) => exactly(one.usage ?? boundedUsage(call, one)).from)
      return [{ from: all.reduce(least), to: largest(all) }]
    }
    default:
      return said.map((one) => exactly(one.usage ?? boundedUsage(call, one)))
  }
}

function isEvents({ script }: SimulatedCall): boolean {
  return script.kind === 'answers' && script.contentType.startsWith('text/event-stream')
}

/** The input that was reported or its bound, and the output that was delivered, by its bytes. */
function boundedUsage({ ask, provider }: SimulatedCall, said: Said): Usage {
  const input = said.input ?? { ...NOTHING, input: ask.body.length }
  const output = Math.min(said.content, provider.cap * ask.choices)
  return { ...input, output }
}

function describe({ script, provider, client, disturbances }: SimulatedCall): string {
  const plan = script.kind === 'answers' ? `${script.end} at ${script.bytes}` : script.kind
  const left = client.leftAt === null ? '' : ', client left'
  const troubles = disturbances.size === 0 ? '' : `, ${[...disturbances].join(' ')}`
  return `${plan}, ${provider.end} after ${provider.taken} bytes${left}${troubles}`
}
