/** Walks a body along its format's table of rules: the one reader of `rules.ts`. */
import { type Refusal, refusal } from '../errors.ts'
import { isObject, type JsonObject } from './json.ts'
import type { ByType, List, Parameters, Refused, Rule, Shape, Tally, Variants } from './rules.ts'

export function emptyTally(): Tally {
  return {
    images: 0,
    pdfs: 0,
    toolPrompt: false,
    builtInTools: 0,
    cacheWrite: 'none',
    predictionBytes: 0,
  }
}

/**
 * Applies the rule of every parameter and counts into `tally`. Returns the first refusal (`unsupported_parameter` where
 * there is no rule or the rule refuses, `invalid_request` where a value is not what it must be), or null.
 */
export function applyParameters(
  parameters: Parameters,
  body: JsonObject,
  tally: Tally,
): Refusal | null {
  return applyMembers(parameters, body, '', tally)
}

/** Depth is bounded: the scanner has refused bodies that nest deeper than `NESTING_MAX`. */
function apply(rule: Rule, value: unknown, path: string, tally: Tally): Refusal | null {
  if (value === null) return null
  switch (rule.kind) {
    case 'free':
      return null
    case 'checked': {
      const problem = rule.problem(value)
      if (problem !== null) return invalid(path, problem)
      rule.count?.(value, tally)
      return null
    }
    case 'refused':
      if (!rule.passes(value)) return unsupported(path, withAllowed(rule))
      rule.count?.(value, tally)
      return null
    case 'shape':
      return applyShape(rule, value, path, tally)
    case 'list':
      return applyList(rule, value, path, tally)
    case 'variants':
      return applyVariants(rule, value, path, tally)
    case 'by-type':
      return applyByType(rule, value, path, tally)
  }
}

function applyShape(rule: Shape, value: unknown, path: string, tally: Tally): Refusal | null {
  if (!isObject(value)) return invalid(path, 'must be an object')
  const problem = rule.problem?.(value) ?? null
  if (problem !== null) return invalid(path, problem)
  rule.count?.(value, tally)
  return applyMembers(rule.members, value, `${path}.`, tally)
}

function applyMembers(
  rules: Parameters,
  value: JsonObject,
  prefix: string,
  tally: Tally,
): Refusal | null {
  for (const name of Object.keys(value)) {
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined
    if (rule === undefined) return unsupported(prefix + name, 'it has no cost rule here')
    const problem = apply(rule, value[name], prefix + name, tally)
    if (problem !== null) return problem
  }
  return null
}

function applyList(rule: List, value: unknown, path: string, tally: Tally): Refusal | null {
  if (!Array.isArray(value)) return invalid(path, 'must be a list')
  rule.count?.(value, tally)
  for (let at = 0; at < value.length; at++) {
    const problem = apply(rule.items, value[at], `${path}[${at}]`, tally)
    if (problem !== null) return problem
  }
  return null
}

function applyVariants(rule: Variants, value: unknown, path: string, tally: Tally): Refusal | null {
  if (!isObject(value)) return invalid(path, 'must be an object')
  const said = Object.hasOwn(value, rule.by) ? value[rule.by] : null
  const name = said ?? rule.otherwise(value)
  if (typeof name !== 'string') return invalid(`${path}.${rule.by}`, 'must be a string')
  const chosen = Object.hasOwn(rule.cases, name) ? rule.cases[name] : undefined
  if (chosen === undefined) {
    return unsupported(
      `${path}.${rule.by}`,
      `${JSON.stringify(name.slice(0, 80))} has no cost rule here`,
    )
  }
  if (chosen.kind === 'refused') return unsupported(`${path}.${rule.by}`, `${name}: ${chosen.note}`)
  return apply(chosen, value, path, tally)
}

function applyByType(rule: ByType, value: unknown, path: string, tally: Tally): Refusal | null {
  const kinds = [rule.text && 'a string', rule.list && 'a list', rule.object && 'an object']
  const chosen =
    typeof value === 'string'
      ? rule.text
      : Array.isArray(value)
        ? rule.list
        : isObject(value)
          ? rule.object
          : undefined
  if (chosen !== undefined) return apply(chosen, value, path, tally)
  return invalid(path, `must be ${kinds.filter((kind) => kind !== undefined).join(' or ')}`)
}

function invalid(path: string, problem: string): Refusal {
  return refusal('invalid_request', `\`${shown(path)}\` ${problem}.`, shown(path))
}

function unsupported(path: string, reason: string): Refusal {
  return refusal(
    'unsupported_parameter',
    `\`${shown(path)}\` is not supported: ${reason}.`,
    shown(path),
  )
}

function withAllowed({ note, allowed }: Refused): string {
  return allowed === null ? note : `${note} (allowed: ${allowed})`
}

/** Paths hold the client's own keys: kept to a length that fits a message. */
function shown(path: string): string {
  return path.length <= 200 ? path : `${path.slice(0, 200)}…`
}
