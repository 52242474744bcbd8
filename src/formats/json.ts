/**
 * Request and response bytes as JSON objects that keep their bytes: what is forwarded is the original text with single
 * members spliced in, never a re-serialization. Source: wire contract, "Calls"; property S3.
 */
import { isUtf8 } from 'node:buffer'
import { type Refusal, refusal } from '../errors.ts'
import { type Span, scanObject, VALUES_MAX } from './json-scan.ts'

/** A parsed JSON object. Keys are the client's: look them up with `Object.hasOwn` or by literal name only. */
export type JsonObject = { readonly [key: string]: unknown }

/** An object together with its bytes and where its members stand in them. */
export interface JsonText {
  readonly bytes: Buffer
  readonly value: JsonObject
  readonly members: ReadonlyMap<string, Span>
  /** Where the closing brace stands. */
  readonly close: number
}

export type JsonOutcome =
  | { readonly kind: 'read'; readonly json: JsonText }
  | { readonly kind: 'refused'; readonly refusal: Refusal }

/** A replacement of the bytes `start` to `end` (exclusive) by a text. */
export interface Splice extends Span {
  readonly text: string
}

/**
 * Reads a JSON object strictly: valid UTF-8 without a byte order mark, no key twice at any depth, bounded nesting.
 * Everything else is refused as `invalid_json`.
 */
export function readJsonObject(body: Uint8Array): JsonOutcome {
  const bytes = asBuffer(body)
  if (!isUtf8(bytes)) return invalid('The body is not valid UTF-8.')
  const scan = scanObject(bytes, VALUES_MAX)
  if (scan.kind === 'refused') return invalid(`The body is refused: ${scan.why}.`)
  const value = parseObject(bytes.toString('utf8'))
  if (value === null) return invalid('The body is not valid JSON.')
  return { kind: 'read', json: { bytes, value, members: scan.members, close: scan.close } }
}

/** Whether a value is a JSON object (no array, no null). */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The object that a text holds, or null for anything else. For a provider's answers: lenient, never throws. */
export function parseObject(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : null
  } catch {
    return null
  }
}

/** The splice that gives a member a value (`text` is JSON): in place where it stands, else after the last member. */
export function setMember(
  json: Pick<JsonText, 'members' | 'close'>,
  name: string,
  text: string,
): Splice {
  const span = json.members.get(name)
  if (span !== undefined) return { ...span, text }
  let last = -1
  for (const { end } of json.members.values()) last = Math.max(last, end)
  if (last === -1)
    return { start: json.close, end: json.close, text: `${JSON.stringify(name)}:${text}` }
  return { start: last, end: last, text: `,${JSON.stringify(name)}:${text}` }
}

/** The bytes with the splices made; they must not overlap. Several at one place keep their order. */
export function spliced(bytes: Uint8Array, splices: readonly Splice[]): Uint8Array {
  if (splices.length === 0) return bytes
  const parts: Uint8Array[] = []
  let from = 0
  for (const { start, end, text } of splices.toSorted((a, b) => a.start - b.start)) {
    parts.push(bytes.subarray(from, start), Buffer.from(text))
    from = end
  }
  parts.push(bytes.subarray(from))
  return Buffer.concat(parts)
}

/** The same memory as a Buffer, without a copy. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function invalid(message: string): JsonOutcome {
  return { kind: 'refused', refusal: refusal('invalid_json', message) }
}
