/** `usage.cost`: the charge in USD, spliced into a provider's usage object. Source: wire contract, "Calls". */
import { formatUsdc, type Units } from '../money.ts'
import { asBuffer, type Splice, setMember, spliced } from './json.ts'
import { scanObject } from './json-scan.ts'

/** Units as a plain decimal JSON number of USD: 4230000n → `4.23`, 2n → `0.000002`. */
export function costText(charge: Units): string {
  return formatUsdc(charge).replace(/\.?0+$/, '')
}

/**
 * The splice that writes `cost` into the usage object at `path` of a JSON text (`['usage']`, `['response', 'usage']`),
 * or null where there is none.
 */
export function costSplice(bytes: Buffer, path: readonly string[], charge: Units): Splice | null {
  let offset = 0
  let scan = scanObject(bytes, Number.MAX_SAFE_INTEGER)
  for (const name of path) {
    const span = scan.kind === 'object' ? scan.members.get(name) : undefined
    if (span === undefined) return null
    scan = scanObject(
      bytes.subarray(offset + span.start, offset + span.end),
      Number.MAX_SAFE_INTEGER,
    )
    offset += span.start
  }
  if (scan.kind === 'refused') return null
  const { start, end, text } = setMember(scan, 'cost', costText(charge))
  return { start: start + offset, end: end + offset, text }
}

/** A whole body with the cost written into its top-level `usage`; the body itself where it has none. */
export function bodyWithCost(body: Uint8Array, charge: Units): Uint8Array {
  const splice = costSplice(asBuffer(body), ['usage'], charge)
  return splice === null ? body : spliced(body, [splice])
}
