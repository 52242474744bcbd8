/** The calls that the checks of a format ask, and the answers that the provider gives them. */
import { APPLICABLE, type Applicability, type CheckSite, notApplicable } from './check.ts'
import { answerText } from './evidence.ts'
import type { Act, PlayedProvider, Script } from './play.ts'
import { STREAM_FORMATS, WIRE_FORMATS } from './provider/formats.ts'
import {
  CONTENT_EVENTS,
  CONTENT_JSON,
  type StreamFormat,
  type TokenCounts,
  type WireFormat,
} from './provider/wire-format.ts'
import type { Answer, Ask, Money, Target } from './target.ts'
import { within } from './waiting.ts'

/** A format that the gateway serves, and the model to ask for. */
export interface Served<F extends WireFormat = WireFormat> {
  readonly wire: F
  readonly model: string
}

const STANDS_MS_MAX = 3_000

type Serving = Pick<Target, 'models'>

export function served(target: Serving): Served[] {
  return WIRE_FORMATS.flatMap((wire) => servedAs(target, wire))
}

export function servedStreams(target: Serving): Served<StreamFormat>[] {
  return STREAM_FORMATS.flatMap((wire) => servedAs(target, wire))
}

function servedAs<F extends WireFormat>(target: Serving, wire: F): Served<F>[] {
  const model = target.models.get(wire.format)
  return model === undefined ? [] : [{ wire, model }]
}

type Seen = Pick<CheckSite, 'target' | 'provider'>

/** For checks of what a gateway makes of a provider's answers. */
export function needsProvider({ provider }: Seen): Applicability {
  return provider === null
    ? notApplicable('the provider behind the gateway must be played: --provider-port')
    : APPLICABLE
}

/** For checks of what is charged. */
export function needsMoney(site: Seen): Applicability {
  if (site.target.money === null) return notApplicable('the gateway shows no charges')
  return needsProvider(site)
}

/** The provider of a check that is applicable only with one. */
export function providerOf({ provider }: Pick<CheckSite, 'provider'>): PlayedProvider {
  if (provider === null) throw new Error('run though it is not applicable')
  return provider
}

/** The money of a check that is applicable only with it. */
export function moneyOf({ target }: Pick<CheckSite, 'target'>): Money {
  if (target.money === null) throw new Error('run though it is not applicable')
  return target.money
}

/** Those of the formats in which a plain call works; the others are told of and left out, for nothing could be seen in them. */
export async function working<F extends WireFormat>(
  site: CheckSite,
  formats: readonly Served<F>[],
): Promise<Served<F>[]> {
  const found: Served<F>[] = []
  for (const format of formats) {
    const answer = await plainCall(site, format)
    if (answer.status === 200 && answer.whole) found.push(format)
    else site.skip(`${format.wire.format}: a plain call is not answered: ${answerText(answer)}`)
  }
  return found
}

/** A call that is answered at once with a body that nothing is wrong with. */
export async function plainCall(site: CheckSite, format: Served): Promise<Answer> {
  const { wire } = format
  const usage = wire.usage(PLAIN_COUNTS)
  const play = providerOf(site).play(bodyScript(wire.body({ text: 'Well.', usage })))
  const answer = await site.target.send(callWith(format, play.marker, { stream: false }))
  play.end()
  return answer
}

/** Null where the gateway still answers anything. A connection that it had just closed is not held against it. */
export async function stands(site: CheckSite): Promise<string | null> {
  const answered = await within(site, STANDS_MS_MAX, async () => {
    const { status } = await site.target.send({ method: 'GET', target: '/v1/models' })
    return status === 0 ? null : true
  })
  return answered === null ? 'after it the gateway does not answer any more' : null
}

export const PLAIN_COUNTS: TokenCounts = {
  input: 11,
  cachedInput: 5,
  cacheWrite: 0,
  cacheWriteHour: 0,
  output: 7,
  reasoning: 0,
}

/** The output cap that calls are asked with, in tokens: small, so that their holds are. */
const CAP = 64

export interface CallOptions {
  readonly stream: boolean
  /** The prompt after the marker. */
  readonly prompt?: string
  /** Null: none is sent. */
  readonly cap?: number | null
  readonly more?: Readonly<Record<string, unknown>>
  readonly signal?: AbortSignal
}

/** A call whose prompt begins with the marker of a play. */
export function callWith({ wire, model }: Served, marker: string, options: CallOptions): Ask {
  const { stream, prompt = 'Say something.', cap = CAP, more = {}, signal } = options
  const asked = wire.ask({ model, prompt: `${marker} ${prompt}`, stream, cap })
  return {
    method: 'POST',
    target: wire.path,
    headers: CONTENT_JSON,
    body: JSON.stringify({ ...asked, ...more }),
    ...(signal === undefined ? {} : { signal }),
  }
}

/** A stream that comes in these pieces of bytes, and then does as the acts after it say. */
export function streamScript(parts: readonly Uint8Array[], after: readonly Act[] = []): Script {
  return { status: 200, headers: CONTENT_EVENTS, acts: [...parts.map(write), ...after] }
}

/** A body that comes in one piece. */
export function bodyScript(body: object, status = 200): Script {
  const bytes = Buffer.from(JSON.stringify(body))
  const headers = { ...CONTENT_JSON, 'content-length': String(bytes.length) }
  return { status, headers, acts: [write(bytes)] }
}

export function write(bytes: Uint8Array): Act {
  return { kind: 'write', bytes }
}

/** Does `work` for each item, `width` at a time. */
export async function inParallel<T>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const rest = items.values()
  const worker = async (): Promise<void> => {
    for (const item of rest) await work(item)
  }
  await Promise.all(Array.from({ length: width }, worker))
}

/** All of them, or `count` chosen by the site's seed. */
export function chosen<T>(
  { depth, random }: Pick<CheckSite, 'depth' | 'random'>,
  items: readonly T[],
  count: number,
): readonly T[] {
  if (depth === 'whole' || items.length <= count) return items
  const left = [...items]
  return Array.from({ length: count }, () =>
    left.splice(Math.floor(random() * left.length), 1),
  ).flat()
}

/** A text for evidence, its middle left out where it is long. */
export function shown(text: string, most = 160): string {
  const half = Math.floor(most / 2)
  const short = text.length <= most ? text : `${text.slice(0, half)} … ${text.slice(-half)}`
  return JSON.stringify(short)
}
