/**
 * The vocabulary of cost rules: what a parameter may cost decides whether it passes. A format's parameters are a table
 * of these; a parameter without a rule is refused. Source: wire contract, "Calls" ("Body parameters are an allow-list").
 * `null` stands for "absent" in every provider's format and is accepted under every rule.
 */
import type { CacheWrite } from './format.ts'
import { isObject, type JsonObject } from './json.ts'

/** What the rules count while they walk a body: the bounds that bytes alone do not give. */
export interface Tally {
  images: number
  pdfs: number
  /** Whether the provider adds a prompt of its own for tools or structured output. */
  toolPrompt: boolean
  /** Tools whose definition the provider writes: each adds a bounded prompt. */
  builtInTools: number
  cacheWrite: CacheWrite
  /** UTF-8 bytes of predicted output, each of which may be billed as a rejected token. */
  predictionBytes: number
}

export type Rule = Free | Checked | Refused | Shape | List | Variants | ByType

/** Costs nothing, or only text that the body's bytes bound: any value passes. */
export interface Free {
  readonly kind: 'free'
  readonly note: string
}

/** Bears on the cost, or decides how the gateway treats the call: its value is checked and may be counted. */
export interface Checked {
  readonly kind: 'checked'
  readonly note: string
  /** What the value must be, as the message says it; null where it is that. */
  readonly problem: (value: unknown) => string | null
  readonly count?: (value: unknown, tally: Tally) => void
}

/** Cannot be bounded, or would reach beyond the body, save for the values that pass. */
export interface Refused {
  readonly kind: 'refused'
  readonly note: string
  /** The values that pass, as a message lists them; null where none does. */
  readonly allowed: string | null
  readonly passes: (value: unknown) => boolean
  readonly count?: (value: unknown, tally: Tally) => void
}

/** An object whose members each have a rule. */
export interface Shape {
  readonly kind: 'shape'
  readonly note: string
  readonly members: { readonly [name: string]: Rule }
  /** What the whole must have, as the message says it; null where it has that. */
  readonly problem?: (value: JsonObject) => string | null
  readonly count?: (value: unknown, tally: Tally) => void
}

export interface List {
  readonly kind: 'list'
  readonly note: string
  readonly items: Rule
  readonly count?: (value: unknown, tally: Tally) => void
}

/** An object whose member `by` names its kind; kinds without a rule are refused. */
export interface Variants {
  readonly kind: 'variants'
  readonly by: string
  readonly cases: { readonly [name: string]: Rule }
  /** The kind of an object that does not say, or null where it must. */
  readonly otherwise: (value: JsonObject) => string | null
}

/** Different rules by JSON type; a type without a rule is refused. */
export interface ByType {
  readonly kind: 'by-type'
  readonly text?: Rule
  readonly list?: Rule
  readonly object?: Rule
}

/** A table of parameters: the outermost object of a body. */
export type Parameters = { readonly [name: string]: Rule }

export function free(note: string): Free {
  return { kind: 'free', note }
}

/** Refused but for the listed values, which cost nothing. */
export function refused(note: string, ...except: readonly unknown[]): Refused {
  const allowed =
    except.length === 0 ? null : except.map((value) => JSON.stringify(value)).join(', ')
  return { kind: 'refused', note, allowed, passes: (value) => except.includes(value) }
}

/** Refused but for texts that begin with `prefix`, which are counted. */
export function onlyInline(note: string, prefix: string, count: (tally: Tally) => void): Refused {
  return {
    kind: 'refused',
    note,
    allowed: `${prefix}…`,
    passes: (value) => typeof value === 'string' && value.startsWith(prefix),
    count: (_value, tally) => count(tally),
  }
}

export function shape(note: string, members: Parameters, count?: Shape['count']): Shape {
  return count === undefined
    ? { kind: 'shape', note, members }
    : { kind: 'shape', note, members, count }
}

export function list(note: string, items: Rule, count?: List['count']): List {
  return count === undefined ? { kind: 'list', note, items } : { kind: 'list', note, items, count }
}

export function variants(
  by: string,
  cases: Parameters,
  otherwise: Variants['otherwise'] = () => null,
): Variants {
  return { kind: 'variants', by, cases, otherwise }
}

/** A text, or a list of parts: how every provider writes content. */
export function textOr(items: Rule): ByType {
  return { kind: 'by-type', text: free('text, bounded by its bytes'), list: items }
}

/** One of a closed set of values. */
export function oneOf(note: string, ...values: readonly unknown[]): Checked {
  const allowed = values.map((value) => JSON.stringify(value)).join(', ')
  return {
    kind: 'checked',
    note,
    problem: (value) => (values.includes(value) ? null : `must be one of ${allowed}`),
  }
}

export function flag(note: string): Checked {
  return {
    kind: 'checked',
    note,
    problem: (value) => (typeof value === 'boolean' ? null : 'must be true or false'),
  }
}

/** A whole number from `min` to `max`. */
export function whole(note: string, min: number, max: number): Checked {
  return {
    kind: 'checked',
    note,
    problem: (value) =>
      Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max
        ? null
        : `must be a whole number from ${min} to ${max}`,
  }
}

/** Any value passes and is counted. */
export function counted(note: string, count: (value: unknown, tally: Tally) => void): Checked {
  return { kind: 'checked', note, problem: () => null, count }
}

/** Counts the provider's own prompt for tools or structured output; an empty list and plain text ask for none. */
export function asksToolPrompt(value: unknown, tally: Tally): void {
  if (Array.isArray(value) ? value.length > 0 : !isObject(value) || value['type'] !== 'text') {
    tally.toolPrompt = true
  }
}

/** More tokens than any window holds: what exceeds it is a mistake, and products of counts stay exact. */
export const TOKENS_MAX = 1_000_000_000

/** The model of a call; `readCall` refuses its absence. */
export const MODEL: Checked = {
  kind: 'checked',
  note: 'decides the prices',
  problem: (value) =>
    typeof value === 'string' && value !== '' ? null : 'must be the name of a model',
}
