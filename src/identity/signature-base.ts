/**
 * The text under an HTTP message signature, built from what a request is and what its `Signature-Input` says was signed.
 * Only components are known that can be rebuilt from a call's method, target, body digest and price version, so that
 * whoever holds a receipt can rebuild the same text. Source: RFC 9421, 2; RFC 9530.
 */
import { domainOf } from './signed-text.ts'
import type { BareItem, InnerList, Member } from './structured-fields.ts'
import { serializeMember } from './structured-fields.ts'

/** What a signature can cover. */
export interface SignedMessage {
  /** The gateway's configured public URL without a trailing slash. */
  readonly origin: string
  readonly method: string
  /** Path plus query exactly as on the request line. */
  readonly target: string
  /** SHA-256 of the body's bytes (32 bytes). */
  readonly bodySha256: Uint8Array
  /** `sha256:<64 hex digits>` where the request carries `X-Price-Version`. */
  readonly priceVersion?: string
}

/** One member of `Signature-Input`, read. */
export interface SignatureInput {
  /** Names of the covered components, in the order of the signature. */
  readonly components: readonly string[]
  /** Unix seconds. */
  readonly created: number
  /** Unix seconds, or null. */
  readonly expires: number | null
  readonly nonce: string
  readonly keyid: string
  /** The member as it stands under the signature, without its label. */
  readonly text: string
}

export type SignatureInputOutcome =
  | { readonly kind: 'read'; readonly input: SignatureInput }
  /** `reason` says what to change. */
  | { readonly kind: 'refused'; readonly reason: string }

/** SHA-256 of no bytes at all. */
const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

/** Every component that may be covered, and its value; null where the message has none. */
const COMPONENTS: ReadonlyMap<string, (message: SignedMessage) => string | null> = new Map([
  ['@method', ({ method }) => method],
  ['@target-uri', ({ origin, target }) => origin + target],
  ['@authority', ({ origin }) => domainOf(origin)],
  ['@scheme', ({ origin }) => origin.slice(0, origin.indexOf('://'))],
  ['@request-target', ({ target }) => target],
  ['@path', ({ target }) => target.split('?', 1)[0] ?? ''],
  ['@query', ({ target }) => `?${target.slice(queryStart(target))}`],
  ['content-digest', ({ bodySha256 }) => contentDigest(bodySha256)],
  ['x-price-version', ({ priceVersion }) => priceVersion ?? null],
])

/** The one form of `Content-Digest` that is taken: with it, the body's SHA-256 rebuilds the header. */
export function contentDigest(bodySha256: Uint8Array): string {
  return `sha-256=:${Buffer.from(bodySha256).toString('base64')}:`
}

/** Reads a member: its components and its parameters, each known and of the right type. */
export function readSignatureInput(member: Member): SignatureInputOutcome {
  if (member.kind !== 'inner_list') return refused('Signature-Input is not a list of components.')
  const components = readComponents(member)
  if (typeof components === 'string') return refused(components)
  const unknown = [...member.parameters.keys()].find((name) => !PARAMETERS.has(name))
  if (unknown !== undefined) {
    return refused(`Signature-Input has a parameter that is not known: ${unknown}.`)
  }
  const parameter = (name: string): BareItem | undefined => member.parameters.get(name)
  const wrong = [...PARAMETERS].find(([name, type]) => (parameter(name)?.kind ?? type) !== type)
  if (wrong !== undefined) {
    return refused(`Signature-Input's ${wrong[0]} is not of type ${wrong[1]}.`)
  }
  const created = integerOf(parameter('created'))
  const nonce = stringOf(parameter('nonce'))
  const keyid = stringOf(parameter('keyid'))
  if (created === null || nonce === null || keyid === null) {
    return refused('Signature-Input needs the parameters created, nonce and keyid.')
  }
  if ((stringOf(parameter('alg')) ?? 'ed25519') !== 'ed25519') {
    return refused('The algorithm is ed25519: leave alg out or say so.')
  }
  const expires = integerOf(parameter('expires'))
  const text = serializeMember(member)
  return { kind: 'read', input: { components, created, expires, nonce, keyid, text } }
}

/**
 * What the signature leaves open that it must cover, as a sentence that says what to change; null when it covers the
 * method, the full target at the configured origin, the body and the price version.
 */
export function gapInCoverage(
  { components }: SignatureInput,
  { target, bodySha256, priceVersion }: Omit<SignedMessage, 'origin' | 'method'>,
): string | null {
  const covers = (name: string): boolean => components.includes(name)
  if (!covers('@method')) return 'Cover "@method".'
  const parts = covers('@authority') && covers('@path') && covers('@query')
  if (!covers('@target-uri') && !parts) {
    return 'Cover "@target-uri", or "@authority", "@path" and "@query".'
  }
  if (!/^\/[\x21-\x7e]*$/.test(target))
    return 'Send a target of printable ASCII that starts with /.'
  const emptyQuery = target.indexOf('?') === target.length - 1
  if (emptyQuery && !covers('@target-uri') && !covers('@request-target')) {
    return 'Cover "@target-uri": "@query" does not tell an empty query from none.'
  }
  const empty = Buffer.from(bodySha256).toString('hex') === EMPTY_SHA256
  if (!empty && !covers('content-digest')) return 'Cover "content-digest": the request has a body.'
  if (priceVersion !== undefined && !covers('x-price-version')) {
    return 'Cover "x-price-version": the request carries that header.'
  }
  if (priceVersion === undefined && covers('x-price-version')) {
    return 'Send the X-Price-Version that the signature covers.'
  }
  return null
}

/** The text to verify. Throws for a component that `readSignatureInput` or `gapInCoverage` refuses. */
export function signatureBase(input: SignatureInput, message: SignedMessage): string {
  const lines = input.components.map((name) => {
    const value = COMPONENTS.get(name)?.(message) ?? null
    if (value === null) throw new Error(`a signature base cannot have ${name}`)
    return `"${name}": ${value}`
  })
  return [...lines, `"@signature-params": ${input.text}`].join('\n')
}

const PARAMETERS: ReadonlyMap<string, BareItem['kind']> = new Map([
  ['created', 'integer'],
  ['expires', 'integer'],
  ['nonce', 'string'],
  ['keyid', 'string'],
  ['alg', 'string'],
  ['tag', 'string'],
])

/** The names, or the sentence of what is wrong with them. */
function readComponents({ items }: InnerList): readonly string[] | string {
  const names: string[] = []
  for (const { value, parameters } of items) {
    if (value.kind !== 'string') return 'A covered component is not a quoted name.'
    const name = value.value
    if (!COMPONENTS.has(name))
      return `Cover only ${[...COMPONENTS.keys()].join(', ')}: not ${name}.`
    const flag = [...parameters.keys()][0]
    if (flag !== undefined) return `Cover "${name}" without parameters: not ;${flag}.`
    if (names.includes(name)) return `Cover "${name}" once.`
    names.push(name)
  }
  return names
}

/** Where the query begins, after its question mark; the end where there is none. */
function queryStart(target: string): number {
  const mark = target.indexOf('?')
  return mark < 0 ? target.length : mark + 1
}

function integerOf(item: BareItem | undefined): number | null {
  return item?.kind === 'integer' ? item.value : null
}

function stringOf(item: BareItem | undefined): string | null {
  return item?.kind === 'string' ? item.value : null
}

function refused(reason: string): SignatureInputOutcome {
  return { kind: 'refused', reason }
}
