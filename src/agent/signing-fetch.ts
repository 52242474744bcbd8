/**
 * A `fetch` that signs: give it to any SDK that takes one. It signs for one origin only, each try anew, and lets no
 * header through but those that the gateway reads.
 */
import type { ChainName } from '../identity/signed-text.ts'
import type { Surroundings } from './clock.ts'
import type { Signer } from './key.ts'
import { Level5Error } from './level5-error.ts'
import { signedHeaders } from './signed-headers.ts'

export type Fetch = typeof globalThis.fetch

/** A request as it will be signed, and what its caller wants of it. */
export interface PreparedCall {
  readonly method: string
  readonly url: URL
  readonly body: Uint8Array
  /** As the caller bound it, or null. */
  readonly priceVersion: string | null
}

/** Signs a prepared call anew and sends it; what is left out is made or left away. */
export type CallSender = (with_: {
  readonly nonce?: string
  /** For `X-Agent-Voucher`. */
  readonly voucher?: string | null
  readonly priceVersion?: string | null
}) => Promise<Response>

export interface SigningFetchParts {
  readonly signer: Signer
  /** The gateway's public URL, without a trailing slash. */
  readonly origin: string
  readonly chain: () => Promise<ChainName>
  /** Throws when a 402 asks for payment on other terms than the pinned ones. */
  readonly checkRefusal: (response: Response) => Promise<void>
  readonly transport: Fetch
  /** Null: calls bring no vouchers. */
  readonly vouching: {
    call(request: PreparedCall, send: CallSender): Promise<Response>
  } | null
  readonly surroundings: Pick<Surroundings, 'now' | 'freshNonce'>
}

/** What SDKs send and the gateway reads. Their dummy keys, telemetry and cookies stay at home. */
const PASSED_HEADERS = [
  'accept',
  'anthropic-beta',
  'anthropic-version',
  'content-type',
  'idempotency-key',
  'payment-signature',
  'user-agent',
]

/** Makes the signing fetch; it needs no `this`. */
export function createSigningFetch(parts: SigningFetchParts): Fetch {
  return async function signingFetch(input, init) {
    const location = input instanceof Request ? input.url : String(input)
    const url = new URL(location, parts.origin)
    if (url.origin !== parts.origin) {
      throw new Level5Error(
        'wrong_origin',
        `asked to sign for ${url.origin}; this agent signs for ${parts.origin} only`,
      )
    }
    const request = new Request(input instanceof Request ? input : url, { ...init, duplex: 'half' })
    const { method, signal } = request
    const body = new Uint8Array(await request.arrayBuffer())
    const priceVersion = request.headers.get('x-price-version')
    const prepared: PreparedCall = { method, url, body, priceVersion }
    const headers = passedHeaders(request.headers)
    const send: CallSender = (with_) =>
      sendSigned(parts, prepared, { ...init, headers, signal }, with_)
    const { vouching } = parts
    return vouching === null ? await send({}) : await vouching.call(prepared, send)
  }
}

async function sendSigned(
  parts: SigningFetchParts,
  { method, url, body, priceVersion: bound }: PreparedCall,
  init: RequestInit & { readonly headers: Record<string, string> },
  with_: Parameters<CallSender>[0],
): Promise<Response> {
  const { nonce = parts.surroundings.freshNonce(), voucher, priceVersion = bound } = with_
  const signed = await signedHeaders(parts.signer, {
    origin: parts.origin,
    chain: await parts.chain(),
    method,
    target: url.pathname + url.search,
    body,
    nonce,
    now: parts.surroundings.now(),
    priceVersion,
  })
  const response = await parts.transport(url, {
    ...init,
    method,
    headers: {
      ...init.headers,
      ...signed,
      ...(priceVersion === null ? {} : { 'x-price-version': priceVersion }),
      ...(voucher == null ? {} : { 'x-agent-voucher': voucher }),
    },
    // Where a request has no body, fetch must be given none.
    ...(body.length > 0 ? { body } : { body: null }),
    // A signature is for this target; it must not travel to another.
    redirect: 'error',
  })
  if (response.status === 402) await parts.checkRefusal(response.clone())
  return response
}

function passedHeaders(headers: Headers): Record<string, string> {
  const passed: Record<string, string> = {}
  for (const name of PASSED_HEADERS) {
    const value = headers.get(name)
    if (value !== null) passed[name] = value
  }
  return passed
}
