/**
 * One linear pass over the bytes of a JSON text: where the members of its outermost object stand, whether any object
 * names a key twice, how deep it nests and how many values it has. It does not check the grammar: on valid JSON its
 * answer is exact, on anything else `JSON.parse` has the last word (`readJsonObject`).
 */

/** Where a member's value stands, in bytes, without the white space around it. */
export interface Span {
  readonly start: number
  readonly end: number
}

export type ScanOutcome =
  | { readonly kind: 'object'; readonly members: ReadonlyMap<string, Span>; readonly close: number }
  | { readonly kind: 'refused'; readonly why: string }

/** Deeper than any tool schema or argument in use, and far from any stack's end. */
export const NESTING_MAX = 128

/** Bounds the work and memory of parsing a request: 32 MB could otherwise hold sixteen million objects. */
export const VALUES_MAX = 1_000_000

const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const BACKSLASH = 0x5c
const ARRAY_OPEN = 0x5b
const ARRAY_CLOSE = 0x5d
const OBJECT_OPEN = 0x7b
const OBJECT_CLOSE = 0x7d

/** The keys seen in each open object; null for an open array. */
type Frames = (Set<string> | null)[]

/** Scans a JSON text that is meant to be an object of at most `valuesMax` values. Never throws, whatever the bytes. */
export function scanObject(bytes: Buffer, valuesMax: number): ScanOutcome {
  if (!startsObject(bytes)) return refused('it is not a JSON object')
  const frames: Frames = []
  const members = new Map<string, Span>()
  let expectKey = false
  let values = 0
  let member = ''
  let valueStart = 0
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte === QUOTE) {
      const close = stringEnd(bytes, at)
      if (close === -1) return refused('a string has no end')
      const keys = frames.at(-1)
      if (expectKey && keys) {
        const key = keyText(bytes, at, close)
        if (key === null) return refused('a key is not a JSON string')
        if (keys.has(key))
          return refused(`the key ${JSON.stringify(key.slice(0, 80))} stands twice`)
        keys.add(key)
        if (frames.length === 1) member = key
        expectKey = false
      }
      at = close
    } else if (byte === COLON) {
      if (frames.length === 1) valueStart = at + 1
    } else if (byte === COMMA || byte === OBJECT_CLOSE || byte === ARRAY_CLOSE) {
      const keys = frames.at(-1)
      if (frames.length === 1 && keys && keys.size > 0) {
        members.set(member, trimmed(bytes, valueStart, at))
      }
      if (byte === COMMA) {
        expectKey = keys !== null && keys !== undefined
        if (++values > valuesMax) return refused(`it has more than ${valuesMax} values`)
      } else {
        frames.pop()
        expectKey = false
        if (frames.length === 0) return { kind: 'object', members, close: at }
      }
    } else if (byte === OBJECT_OPEN || byte === ARRAY_OPEN) {
      if (frames.length === NESTING_MAX) return refused(`it nests deeper than ${NESTING_MAX}`)
      if (++values > valuesMax) return refused(`it has more than ${valuesMax} values`)
      expectKey = byte === OBJECT_OPEN
      frames.push(expectKey ? new Set() : null)
    }
  }
  return refused('it has no end')
}

function refused(why: string): ScanOutcome {
  return { kind: 'refused', why }
}

/** The closing quote of the string that opens at `open`, or -1. Each backslash is looked at once, so time is linear. */
function stringEnd(bytes: Buffer, open: number): number {
  let quote = bytes.indexOf(QUOTE, open + 1)
  while (quote !== -1) {
    let before = quote - 1
    while (before > open && bytes[before] === BACKSLASH) before--
    if ((quote - 1 - before) % 2 === 0) return quote
    quote = bytes.indexOf(QUOTE, quote + 1)
  }
  return -1
}

/** The key between two quotes with its escapes decoded (`"\\u0061"` is `a`), or null where they are not JSON's. */
function keyText(bytes: Buffer, open: number, close: number): string | null {
  const raw = bytes.toString('utf8', open + 1, close)
  if (!raw.includes('\\')) return raw
  try {
    return String(JSON.parse(`"${raw}"`))
  } catch {
    return null
  }
}

function startsObject(bytes: Buffer): boolean {
  let at = 0
  while (isSpace(bytes[at])) at++
  return bytes[at] === OBJECT_OPEN
}

function trimmed(bytes: Buffer, from: number, to: number): Span {
  let start = from
  let end = to
  while (start < end && isSpace(bytes[start])) start++
  while (end > start && isSpace(bytes[end - 1])) end--
  return { start, end }
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}
