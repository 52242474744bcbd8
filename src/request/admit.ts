/**
 * Step 2: whether this call can be served at all, and within which bounds. Pure.
 * Source: wire contract, "Calls"; properties M5, M7.
 */
import { type Refusal, refusal } from '../errors.ts'
import type { CallPlan, Format } from '../formats/format.ts'
import type { ReadHeader } from '../identity/credentials.ts'
import type { ModelTerms, PriceList } from '../prices/price-list.ts'
import { refuseUnbounded } from '../prices/worst-case.ts'
import type { Caller } from './authenticate.ts'

/** A call that every rule accepts; what it may cost is known but for the cap. */
export interface AdmittedCall {
  readonly format: Format
  readonly plan: CallPlan
  readonly model: ModelTerms
  readonly priceVersion: string
  /** The allow-listed headers that go to the provider. */
  readonly headers: Readonly<Record<string, string>>
}

export type Admitted =
  | { readonly kind: 'admitted'; readonly call: AdmittedCall }
  | { readonly kind: 'refused'; readonly refusal: Refusal }

/** Refuses with codes of status 400, 403, 404 and 409. `list` is the price list in force. */
export function admit(
  list: PriceList,
  format: Format,
  header: ReadHeader,
  caller: Caller,
  body: Uint8Array,
): Admitted {
  const planned = format.plan(body)
  if (planned.kind === 'refused') return planned
  const { plan } = planned
  const forwarded = format.forwardHeaders(header)
  if (forwarded.kind === 'refused') return forwarded

  const model = list.models.get(plan.model)
  if (model === undefined || !model.formats.includes(format.name)) {
    return refused('model_not_found', notServed(plan.model, model, format), 'model')
  }
  const allowed = caller.session?.models ?? null
  if (allowed !== null && !allowed.includes(plan.model)) {
    const message = `The session is for ${allowed.join(', ')}, not for ${plan.model}.`
    return refused('forbidden', message, 'model')
  }
  const unbounded = format.billed ? refuseUnbounded(model, plan.input) : null
  if (unbounded !== null) return { kind: 'refused', refusal: unbounded }
  if (caller.priceVersion !== null && caller.priceVersion !== list.version) {
    return refused('price_changed', `The price list in force is ${list.version}.`)
  }
  const { headers } = forwarded
  return { kind: 'admitted', call: { format, plan, model, priceVersion: list.version, headers } }
}

function notServed(asked: string, model: ModelTerms | undefined, format: Format): string {
  const name = asked.length > 128 ? `${asked.slice(0, 128)}…` : asked
  return model === undefined
    ? `${name} is not served here.`
    : `${name} is not served at ${format.target}.`
}

function refused(
  code: 'model_not_found' | 'forbidden' | 'price_changed',
  message: string,
  param?: string,
): Admitted {
  return { kind: 'refused', refusal: refusal(code, message, param) }
}
