/** The price lists: each what its version names, the same whenever it is shown, signed by the gateway. */
import type { Evidence } from './evidence.ts'
import type { Finding, PriceListFact, Stated } from './finding.ts'
import { type ReadPriceList, readPriceList } from './read-price-list.ts'
import {
  CLOCK_TOLERANCE_MS,
  isForgotten,
  type KeyWindow,
  namedKeysFact,
  signerOf,
} from './receipt-keys.ts'

/** The lists to reckon with, by version: those whose prices are what the version names. */
export interface PriceShelf {
  readonly lists: ReadonlyMap<string, ReadPriceList>
  /** Why a list that was asked for is not there, by version. */
  readonly troubles: ReadonlyMap<string, string>
  readonly findings: readonly Finding[]
  /** How many signatures were verified. */
  readonly signatures: number
}

/** Reads and checks every list that was shown. */
export function shelvePrices(evidence: Evidence, windows: readonly KeyWindow[]): PriceShelf {
  const findings: Finding[] = []
  const lists = new Map<string, ReadPriceList>()
  const troubles = new Map<string, string>()
  let signatures = 0
  for (const { asked, answer } of evidence.prices) {
    const shown = readAnswer(answer)
    if (shown.kind !== 'shown') {
      if (asked !== null) troubles.set(asked, shown.problem)
      else findings.push(unreadable(answer.target, shown.kind, shown.problem))
      continue
    }
    const { list } = shown
    if (asked !== null && list.version !== asked) {
      troubles.set(asked, `the answer is the list ${list.version}`)
    }
    signatures += 1
    findings.push(...checkSignature(evidence, windows, list))
    if (list.digest !== list.version) {
      findings.push(notItsVersion(list))
      continue
    }
    const known = lists.get(list.version)
    if (known === undefined) lists.set(list.version, list)
    else if (!sameBytes(known, list)) findings.push(changed(list, known))
  }
  return { lists, troubles, findings, signatures }
}

type Shown =
  | { readonly kind: 'shown'; readonly list: ReadPriceList }
  | { readonly kind: 'malformed' | 'unanswered'; readonly problem: string }

function readAnswer(answer: Evidence['prices'][number]['answer']): Shown {
  if (answer.kind === 'unanswered') return answer
  const reading = readPriceList(answer.body)
  if (reading.kind === 'malformed') return reading
  return { kind: 'shown', list: reading.list }
}

function unreadable(target: string, kind: 'malformed' | 'unanswered', problem: string): Finding {
  const rule = {
    source: 'computed',
    rule: 'the price list in force is public',
    states: {},
  } as const
  const says = { source: 'answer', target, states: { problem } } as const
  return kind === 'unanswered'
    ? { kind, message: `the price list in force is not shown: ${problem}`, says: rule, but: says }
    : { kind, message: `what ${target} answers is no price list: ${problem}`, says, but: rule }
}

/** A list stands for as long as it is shown: a key signs it that was named when it took effect, or at any time since. */
function checkSignature(
  { chain }: Evidence,
  windows: readonly KeyWindow[],
  list: ReadPriceList,
): Finding[] {
  const { signature, signedBytes, effectiveAt } = list
  const since = windows.filter(({ until }) => until + CLOCK_TOLERANCE_MS >= effectiveAt)
  const isSigned =
    signature !== null && signerOf(since, signedBytes, signature, effectiveAt).kind !== 'no_key'
  if (isSigned || isForgotten(chain, windows, effectiveAt)) return []
  return [
    {
      kind: 'price_list_unsigned',
      message: `the price list ${list.version} is not signed by a key of the gateway`,
      says: listFact(list, { signature: list.signature === null ? null : 'does not verify' }),
      but: namedKeysFact(windows, chain),
    },
  ]
}

function notItsVersion(list: ReadPriceList): Finding {
  const rule = 'the version is SHA-256 over the canonical JSON of models'
  return {
    kind: 'price_list_changed',
    message: `the price list that is shown as ${list.version} is another one`,
    says: listFact(list, {}),
    but: { source: 'computed', rule, states: { version: list.digest } },
  }
}

function changed(list: ReadPriceList, known: ReadPriceList): Finding {
  const effective = ({ effectiveAt }: ReadPriceList): Stated => ({
    effective_at: new Date(effectiveAt).toISOString(),
  })
  return {
    kind: 'price_list_changed',
    message: `two different price lists are shown as ${list.version}`,
    says: listFact(list, effective(list)),
    but: listFact(known, effective(known)),
  }
}

function sameBytes(a: ReadPriceList, b: ReadPriceList): boolean {
  return Buffer.from(a.signedBytes).equals(b.signedBytes)
}

function listFact(list: ReadPriceList, states: Stated): PriceListFact {
  const { version, delivered } = list
  return { source: 'price_list', states: { version, ...states }, delivered }
}
