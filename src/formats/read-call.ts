/** The first half of every format's plan: bytes → a body that every rule accepted, with what the rules counted. */
import { type Refusal, refusal } from '../errors.ts'
import { applyParameters, emptyTally } from './apply-rules.ts'
import type { InputBounds } from './format.ts'
import { type JsonText, readJsonObject } from './json.ts'
import type { Parameters, Tally } from './rules.ts'

export interface Call {
  readonly json: JsonText
  readonly model: string
  readonly stream: boolean
  readonly tally: Readonly<Tally>
}

export type CallOutcome =
  | { readonly kind: 'read'; readonly call: Call }
  | { readonly kind: 'refused'; readonly refusal: Refusal }

/** Reads a body and applies its format's table. Refusals: `invalid_json`, `invalid_request`, `unsupported_parameter`. */
export function readCall(body: Uint8Array, parameters: Parameters): CallOutcome {
  const read = readJsonObject(body)
  if (read.kind === 'refused') return read
  const { json } = read
  const tally = emptyTally()
  const problem = applyParameters(parameters, json.value, tally)
  if (problem !== null) return { kind: 'refused', refusal: problem }
  const model = json.value['model']
  if (typeof model !== 'string') return missing('model')
  return { kind: 'read', call: { json, model, stream: json.value['stream'] === true, tally } }
}

/** The refusal of a call that lacks what every call needs. */
export function missing(param: string): { readonly kind: 'refused'; readonly refusal: Refusal } {
  return { kind: 'refused', refusal: refusal('invalid_request', `\`${param}\` is missing.`, param) }
}

/**
 * Bytes that bound a tool definition which the provider writes itself. The documented ones take 245 to 735 tokens
 * (Anthropic, "Tool use: pricing"); this leaves room for their successors.
 */
const BUILT_IN_TOOL_BYTES = 2_000

/** The input's bounds; `pagesMax` is the most pages that the provider reads of the PDFs of one request. */
export function inputBounds(call: Call, pagesMax: number): InputBounds {
  const { json, tally } = call
  return {
    bytes: json.bytes.length + tally.builtInTools * BUILT_IN_TOOL_BYTES,
    images: tally.images,
    documentPages: tally.pdfs > 0 ? pagesMax : 0,
    tools: tally.toolPrompt,
    cacheWrite: tally.cacheWrite,
  }
}
