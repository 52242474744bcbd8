// Any one field of an honest history, changed at random by whoever delivers it, gives a finding.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalJson } from '../../src/canonical-json.ts'
import { verifyHistory } from '../../src/proof/verify-history.ts'
import { forge, relink, rewritten } from './forge.ts'
import { type Delivered, type Document, type HonestGateway, signed } from './honest-gateway.ts'
import { testKey } from './keys.ts'
import { run, steps } from './steps.ts'

/** Honest histories with at least one receipt, and which of them is changed. */
const histories = fc
  .tuple(steps, fc.nat(1_000))
  .map(([taken, at]) => {
    const gateway = run(taken)
    gateway.pass(120_000)
    return { gateway, at: gateway.receipts.length === 0 ? 0 : at % gateway.receipts.length }
  })
  .filter(({ gateway }) => gateway.receipts.length > 0)

type Path = readonly string[]

function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path]
  return Object.entries(value).flatMap(([name, item]) => pathsOf(item, [...path, name]))
}

function valueAt(document: Document, path: Path): unknown {
  return path.reduce<unknown>((value, name) => (value as Document)[name], document)
}

/** The document with another value at the path; `undefined` takes the member away. */
function withValue(document: Document, [name = '', ...rest]: Path, value: unknown): Document {
  const inner = rest.length === 0 ? value : withValue(document[name] as Document, rest, value)
  return { ...document, [name]: inner }
}

/** Another value of the same kind, of another kind, or none. */
function another(value: unknown, how: number): unknown {
  if (how === 0) return undefined
  if (how === 1) return [value]
  if (typeof value === 'number') return value + how
  if (typeof value !== 'string') return 'text'
  const at = how % Math.max(1, value.length)
  const letter = value[at] === '1' ? '2' : '1'
  return value.slice(0, at) + letter + value.slice(at + 1)
}

const change = fc.record({ place: fc.nat(1_000), how: fc.nat(60) })

function kinds(
  gateway: HonestGateway,
  receipts: readonly unknown[],
  kept: readonly unknown[] = [],
) {
  const evidence = { ...gateway.evidence(), receipts, kept }
  return verifyHistory(evidence).findings.map(({ kind }) => kind)
}

function mutated(document: Document, { place, how }: { place: number; how: number }): Document {
  const paths = pathsOf(document)
  const path = paths[place % paths.length] ?? []
  return withValue(document, path, another(valueAt(document, path), how))
}

test('a field that is changed, whatever it is, and not signed anew', () => {
  fc.assert(
    fc.property(histories, change, ({ gateway, at }, drawn) => {
      const { receipt, signature } = gateway.receipts[at] as Delivered
      const altered = { receipt: mutated(receipt, drawn), signature }
      fc.pre(canonicalJson(altered.receipt) !== canonicalJson(receipt))
      const shown = gateway.receipts.map((item, index) => (index === at ? altered : item))
      expect(kinds(gateway, shown)).not.toEqual([])
    }),
    { numRuns: 60 },
  )
})

test('a field that is changed and signed anew, where another receipt follows or the agent kept it', () => {
  fc.assert(
    fc.property(histories, change, ({ gateway, at }, drawn) => {
      const { receipt } = gateway.receipts[at] as Delivered
      const altered = signed(mutated(receipt, drawn), gateway.key)
      fc.pre(canonicalJson(altered.receipt) !== canonicalJson(receipt))
      const shown = gateway.receipts.map((item, index) => (index === at ? altered : item))
      expect(kinds(gateway, shown, gateway.receipts.slice(at, at + 1))).not.toEqual([])
      if (at < gateway.receipts.length - 1) expect(kinds(gateway, shown)).not.toEqual([])
    }),
    { numRuns: 60 },
  )
})

/** What money, prices and consent rest on, and a change that hurts. */
const MONEY: Readonly<Record<string, (receipt: Document) => Document | null>> = {
  charge: (receipt) => plus(receipt, 'charge'),
  spent: (receipt) => plus(receipt, 'spent'),
  balance_after: (receipt) => plus(receipt, 'balance_after'),
  held: (receipt) => ('held' in receipt ? plus(receipt, 'held') : { ...receipt, held: '1' }),
  tokens: (receipt) =>
    'held' in receipt || !('tokens' in receipt)
      ? null
      : { ...receipt, tokens: { ...(receipt['tokens'] as Document), output: 9_000_000 } },
  price_version: (receipt) => ({ ...receipt, price_version: `sha256:${'5'.repeat(64)}` }),
  request_digest: (receipt) =>
    signedCall(receipt) && { ...receipt, request_digest: `sha256:${'5'.repeat(64)}` },
  auth: (receipt) =>
    signedCall(receipt) && {
      ...receipt,
      auth: { ...(receipt['auth'] as Document), nonce: 'anothernonce1234567' },
    },
  agent: (receipt) => ({ ...receipt, agent: testKey('somebody else').pubkey }),
  gateway: (receipt) => ({ ...receipt, gateway: testKey('somewhere else').pubkey }),
  seq: (receipt) => ({ ...receipt, seq: Number(receipt['seq']) + 1 }),
}

/** More by far than was ever deposited, so that no other sum comes to it. */
function plus(receipt: Document, name: string): Document {
  return { ...receipt, [name]: (BigInt(String(receipt[name])) + 10n ** 12n).toString() }
}

function signedCall(receipt: Document): Document | null {
  const auth = receipt['auth'] as Document | undefined
  return auth !== undefined && 'nonce' in auth ? receipt : null
}

test.each(Object.entries(MONEY))(
  '%s is changed, and all that follows is linked and signed anew by who holds the key',
  (name, hurt) => {
    fc.assert(
      fc.property(histories, fc.boolean(), ({ gateway, at }, reckoned) => {
        const { receipt } = gateway.receipts[at] as Delivered
        const isCorrection = 'corrects' in receipt
        fc.pre(!isCorrection || !['held', 'price_version'].includes(name))
        const altered = hurt(receipt)
        fc.pre(altered !== null)
        const hiding = reckoned && name === 'charge' ? 'reckoned' : 'linked'
        const shown = forge(gateway.receipts, gateway.key, at + 1, () => altered ?? {}, hiding)
        expect(kinds(gateway, shown)).not.toEqual([])
      }),
      { numRuns: 15 },
    )
  },
)

test('a receipt that is left out, wherever it stood and however the rest is linked', () => {
  fc.assert(
    fc.property(histories, fc.boolean(), ({ gateway, at }, linked) => {
      const left = gateway.receipts.filter((_, index) => index !== at)
      const charge = BigInt(String(gateway.receipts[at]?.receipt['charge']))
      fc.pre(charge !== 0n)
      const documents = left.map(({ receipt }) => receipt)
      const shown = linked ? relink(rewritten(documents, gateway.key), gateway.key, true) : left
      expect(kinds(gateway, shown)).not.toEqual([])
    }),
    { numRuns: 40 },
  )
})
