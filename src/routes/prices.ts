/** What is served, and for how much. Source: wire contract, "Money routes"; property M7. */
import type { Hono } from 'hono'
import { type Refusal, refusal } from '../errors.ts'
import type { Format } from '../formats/format.ts'
import { quote } from '../prices/quote.ts'
import { modelsBody } from '../prices/wire.ts'
import { refuseUnbounded } from '../prices/worst-case.ts'
import { readRoom } from '../request/room.ts'
import { type Asked, authenticated, type Env, open } from './context.ts'
import type { RouteParts } from './parts.ts'
import { json, type Reply, refused, unsigned } from './reply.ts'

export function addPrices(app: Hono<Env>, parts: RouteParts, formats: readonly Format[]): void {
  const { prices } = parts.path
  app.get(
    '/v1/pricing',
    open((context) => pricing(parts, context.req.query('version') ?? null)),
  )
  app.get(
    '/v1/models',
    open(() => json(modelsBody(prices()))),
  )
  const billed = formats.filter((format) => format.billed)
  app.post(
    '/v1/quote',
    authenticated(parts, (asked) => quoteCall(parts, billed, asked)),
  )
}

/** Every list that charged anyone stays published, under the receipt key's signature. */
async function pricing({ priceList }: RouteParts, version: string | null): Promise<Reply> {
  const found = await priceList(version)
  switch (found.kind) {
    case 'signed':
      return json(found.body)
    case 'unknown':
      return refused(refusal('not_found', 'There was no price list of this version.', 'version'))
    case 'unsigned':
      return refused(unsigned())
  }
}

/** Quotes the body of a call: of the first format that understands it and that its model answers. */
async function quoteCall(
  { path }: RouteParts,
  formats: readonly Format[],
  { caller, body }: Asked,
): Promise<Reply> {
  const list = path.prices()
  let reason: Refusal | null = null
  for (const format of formats) {
    const planned = format.plan(body)
    if (planned.kind === 'refused') {
      reason ??= planned.refusal
      continue
    }
    const { model, input, output } = planned.plan
    const terms = list.models.get(model)
    if (terms === undefined || !terms.formats.includes(format.name)) {
      reason = refusal('model_not_found', 'The model is not served here.', 'model')
      continue
    }
    const unbounded = refuseUnbounded(terms, input)
    if (unbounded !== null) return refused(unbounded)
    const { spendable, holdable } = await readRoom(path, caller)
    return json(quote(list.version, terms, input, output, spendable, holdable))
  }
  return refused(reason ?? refusal('invalid_request', 'This is not the body of a call.'))
}
