/**
 * Step 1: who asks. Reads the body, verifies the signature over exactly this request and spends its nonce, or finds
 * the session of a token. Where a hold follows, which decides on nonce and session in its own transaction, what this
 * process remembers will do: a read of the file costs as much as the hold's own. Source: wire contract, "Authentication";
 * properties A1-A3.
 */
import { type Refusal, refusal } from '../errors.ts'
import { findCredential } from '../identity/credentials.ts'
import { checkMessageSignature } from '../identity/message-proof.ts'
import type { NonceWindow } from '../identity/nonce-window.ts'
import type { Recent } from '../identity/recent.ts'
import { checkRequest, type RequestProof, type SignedRequest } from '../identity/request-proof.ts'
import { tokenSha256 } from '../identity/session-token.ts'
import type { Audience } from '../identity/signed-text.ts'
import type { CallAuth, SpendLedger } from '../ledger/ledger.ts'
import type { SessionGrant, SessionLedger } from '../ledger/session-ledger.ts'
import type { Incoming } from './exchange.ts'

/** Seconds after which a full nonce window has room again, at most. */
const WINDOW_RETRY_SECONDS = 60

const NO_CREDENTIALS = refusal(
  'missing_credentials',
  'The request carries neither a signature nor a session.',
)
export const NONCE_SPENT = refusal('replayed_nonce', 'The nonce has been used before.')
export const SESSION_GONE = refusal(
  'invalid_session',
  'The session is unknown, expired or revoked.',
)

/** What authentication needs of the gateway. */
export interface AuthenticationParts {
  readonly audience: Audience
  readonly ledger: Pick<SpendLedger, 'nonceSpent'> & Pick<SessionLedger, 'sessionByToken'>
  readonly nonces: NonceWindow
  /** Sessions that were found before, by `tokenSha256`. They may have ended since. */
  readonly knownSessions: Recent<SessionGrant>
  readonly now: () => number
}

/** Whether a hold follows before anything else is done for the caller. */
export type Next = 'hold' | 'other'

/** The account that is debited, and what it sent to ask. */
export interface Caller {
  readonly agent: string
  readonly auth: CallAuth
  /** What a hold spends; null for sessions. `forgetAt`: Unix milliseconds. */
  readonly nonce: { readonly value: string; readonly forgetAt: number } | null
  readonly session: SessionGrant | null
  /** The only price list that the agent agreed to; null: the one in force. */
  readonly priceVersion: string | null
}

export type Authenticated =
  | {
      readonly kind: 'authenticated'
      readonly caller: Caller
      readonly body: Uint8Array
      /** `sha256:<hex>` of the body's bytes. */
      readonly bodyDigest: string
      readonly confirm: Confirm
    }
  | { readonly kind: 'refused'; readonly refusal: Refusal }

/** Checks what was left for the hold, for a caller that is answered without one: why it is none after all, or null. */
export type Confirm = () => Promise<Refusal | null>

const CONFIRMED: Confirm = () => Promise.resolve(null)

/**
 * Refuses with the codes of status 401, `request_too_large`, or `overloaded` when no nonce can be remembered. Before a
 * hold a nonce that a hold has spent, and a session that has ended, are left for the hold to refuse, or for `confirm`.
 */
export async function authenticate(
  parts: AuthenticationParts,
  incoming: Incoming,
  next: Next,
): Promise<Authenticated> {
  const credential = findCredential(incoming.header)
  switch (credential.kind) {
    case 'none':
      return { kind: 'refused', refusal: NO_CREDENTIALS }
    case 'token':
      return bySession(parts, incoming, credential.token, next)
    case 'signature':
      return bySignature(parts, incoming, checkRequest, next)
    case 'message_signature':
      return bySignature(parts, incoming, checkMessageSignature, next)
  }
}

async function bySession(
  parts: AuthenticationParts,
  incoming: Incoming,
  token: string,
  next: Next,
): Promise<Authenticated> {
  const { session, confirm } = await findSession(parts, token, next)
  if (session === null) return { kind: 'refused', refusal: SESSION_GONE }
  const body = await incoming.readBody()
  if (body.kind === 'refused') {
    return { kind: 'refused', refusal: (await confirm()) ?? body.refusal }
  }
  const caller: Caller = {
    agent: session.agent,
    auth: { session: session.id },
    nonce: null,
    session,
    priceVersion: incoming.header('x-price-version') ?? null,
  }
  const bodyDigest = digestOf(body.sha256)
  return { kind: 'authenticated', caller, body: body.bytes, bodyDigest, confirm }
}

async function findSession(
  { ledger, knownSessions, now }: AuthenticationParts,
  token: string,
  next: Next,
): Promise<{ readonly session: SessionGrant | null; readonly confirm: Confirm }> {
  const digest = tokenSha256(token)
  const find = () => ledger.sessionByToken(digest, now())
  const known = next === 'hold' ? knownSessions.get(digest) : undefined
  if (known !== undefined) {
    return { session: known, confirm: async () => ((await find()) === null ? SESSION_GONE : null) }
  }
  const session = await find()
  if (session === null) return { session, confirm: CONFIRMED }
  const { id, agent, models } = session
  const grant = { id, agent, models }
  knownSessions.keep(digest, grant)
  return { session: grant, confirm: CONFIRMED }
}

async function bySignature(
  { audience, ledger, nonces, now }: AuthenticationParts,
  incoming: Incoming,
  check: (request: SignedRequest) => RequestProof,
  next: Next,
): Promise<Authenticated> {
  const body = await incoming.readBody()
  if (body.kind === 'refused') return body
  const { method, target, header } = incoming
  const at = now()
  const proof = check({
    origin: audience.origin,
    chain: audience.chain,
    header,
    method,
    target,
    bodySha256: body.sha256,
    now: at,
  })
  if (proof.kind === 'refused') return proof

  const unspendable = await spendNonce({ ledger, nonces }, proof, at, next)
  if (unspendable !== null) return { kind: 'refused', refusal: unspendable }
  const { agent, nonce, issuedAt, forgetAt, signature, signatureInput, priceVersion } = proof
  const asked = { method, target, nonce, issued_at: issuedAt, signature }
  const bound = priceVersion === undefined ? asked : { ...asked, price_version: priceVersion }
  const auth = signatureInput === undefined ? bound : { ...bound, signature_input: signatureInput }
  const caller: Caller = {
    agent,
    auth,
    nonce: { value: nonce, forgetAt },
    session: null,
    priceVersion: priceVersion ?? null,
  }
  const confirm: Confirm =
    next === 'hold'
      ? async () => ((await ledger.nonceSpent(agent, nonce)) ? NONCE_SPENT : null)
      : CONFIRMED
  const bodyDigest = digestOf(body.sha256)
  return { kind: 'authenticated', caller, body: body.bytes, bodyDigest, confirm }
}

/** Spends a verified nonce in memory, once; why it cannot be, or null. `at`: Unix milliseconds. */
export async function spendNonce(
  { ledger, nonces }: Pick<AuthenticationParts, 'ledger' | 'nonces'>,
  { agent, nonce }: { readonly agent: string; readonly nonce: string },
  at: number,
  next: Next,
): Promise<Refusal | null> {
  const spent = nonces.spend(agent, nonce, at)
  if (spent === 'full') {
    const message = 'More signed requests than can be remembered.'
    return { code: 'overloaded', message, retryAfterSeconds: WINDOW_RETRY_SECONDS }
  }
  const isNew = spent === 'spent' && (next === 'hold' || !(await ledger.nonceSpent(agent, nonce)))
  return isNew ? null : NONCE_SPENT
}

function digestOf(sha256: Uint8Array): string {
  return `sha256:${Buffer.from(sha256).toString('hex')}`
}
