/** Sessions: bearer tokens for SDKs that only take an API key. Source: wire contract, "Sessions"; property A3. */
import type { Hono } from 'hono'
import { z } from 'zod'
import { boundedText } from '../bounded.ts'
import { refusal } from '../errors.ts'
import { readChallengeRequest } from '../identity/challenge-request.ts'
import {
  type ChallengeIssuer,
  issueChallenge,
  readSignedChallenge,
} from '../identity/session-challenge.ts'
import { sessionToken, tokenSha256 } from '../identity/session-token.ts'
import type { OpenOutcome, Session, SessionTerms } from '../ledger/session-ledger.ts'
import { ZERO } from '../money.ts'
import type { Caller } from '../request/authenticate.ts'
import {
  authenticated,
  type Env,
  incomingIn,
  open,
  parseJson,
  type RouteContext,
  refuseToken,
} from './context.ts'
import type { RouteParts } from './parts.ts'
import { paymentBody } from './payment.ts'
import { json, type Reply, refused } from './reply.ts'

const SignedChallenge = z.strictObject({
  message: boundedText(0, 16_384),
  signature: boundedText(0, 128),
  voucher: boundedText(0, 256).nullish(),
})

export function addSessions(app: Hono<Env>, parts: RouteParts): void {
  const { audience, now } = parts.path
  const issuer: ChallengeIssuer = { ...audience, secret: parts.challengeSecret }
  app.post(
    '/v1/sessions/challenge',
    open((context) => challenge(parts, issuer, context)),
  )
  app.post(
    '/v1/sessions',
    open((context) => create(parts, issuer, context)),
  )
  app.get(
    '/v1/sessions',
    authenticated(parts, async ({ caller }) => {
      const token = refuseToken(caller)
      if (token !== null) return refused(token)
      const sessions = await parts.ledger.sessions(caller.agent, now())
      return json({ data: sessions.map(listed) })
    }),
  )
  app.get(
    '/v1/sessions/:id',
    authenticated(parts, async ({ caller }, context) => {
      const id = context.req.param('id') ?? ''
      if (isForeign(caller, id)) {
        return refused(refusal('forbidden', 'A token may read only its own session.'))
      }
      return one(parts, caller.agent, id)
    }),
  )
  app.delete(
    '/v1/sessions/:id',
    authenticated(parts, async ({ caller }, context) => {
      const id = context.req.param('id') ?? ''
      if (isForeign(caller, id)) {
        return refused(refusal('forbidden', 'A token may delete only its own session.'))
      }
      const revoked = await parts.ledger.revokeSession(caller.agent, id, now())
      if (!revoked) return refused(refusal('not_found', 'There is no such live session.'))
      return { kind: 'empty' }
    }),
  )
}

async function challenge(
  parts: RouteParts,
  issuer: ChallengeIssuer,
  context: RouteContext,
): Promise<Reply> {
  const body = await readJson(parts, context)
  if (body.kind === 'refused') return body
  const asked = readChallengeRequest(body.value)
  if (asked.kind === 'refused') return asked
  const issued = issueChallenge(issuer, asked, parts.random(8), parts.path.now())
  return json({ message: issued.message, nonce: issued.nonce, expires_at: issued.expiresAt })
}

/** What the agent signed for a session: with it a charge to the session can be proven. */
async function one({ ledger }: RouteParts, agent: string, id: string): Promise<Reply> {
  const found = await ledger.sessionProof(agent, id)
  if (found === null) return refused(refusal('not_found', 'There is no such session.'))
  const { session, message, signature } = found
  return json({ ...listed(session), proof: { message, signature } })
}

/** The terms come from the signed message alone. The token is shown here and never again. */
async function create(
  parts: RouteParts,
  issuer: ChallengeIssuer,
  context: RouteContext,
): Promise<Reply> {
  const body = await readJson(parts, context)
  if (body.kind === 'refused') return body
  const sent = SignedChallenge.safeParse(body.value)
  if (!sent.success) {
    return refused(
      refusal('invalid_request', 'The body is not {"message","signature","voucher"?}.'),
    )
  }
  const { voucher, message } = sent.data
  const at = parts.path.now()
  const signed = readSignedChallenge(issuer, sent.data, at)
  if (signed.kind === 'refused') return signed
  const { agent, terms, nonce, signature } = signed
  const offered = voucher == null ? null : parts.path.vouchers.read(agent, voucher)
  if (offered?.kind === 'refused') return offered

  const { spendLimit, models, label, ttlSeconds } = terms
  const expiresAt = at + ttlSeconds * 1000
  const id = `ses_${Buffer.from(parts.random(12)).toString('hex')}`
  const token = sessionToken(parts.random(32))
  const granted = { agent, spendLimit, models, label, expiresAt }
  const opening = {
    id,
    tokenSha256: tokenSha256(token),
    terms: granted,
    nonce,
    proof: { message, signature },
    voucher: offered?.voucher ?? null,
  }
  const opened = await parts.ledger.openSession(opening, at)
  if (opened.kind !== 'opened') return notOpened(parts, granted, opened)
  const body201 = { id, token, expires_at: instant(expiresAt), spend_limit: decimal(spendLimit) }
  return json(body201, 201)
}

/** The challenge stays good but where it was used before. */
async function notOpened(
  parts: RouteParts,
  { agent, spendLimit }: SessionTerms,
  outcome: Exclude<OpenOutcome, { kind: 'opened' }>,
): Promise<Reply> {
  switch (outcome.kind) {
    case 'replayed_nonce':
      return refused(refusal('replayed_nonce', 'The challenge has been used.'))
    case 'no_vault':
      return refused(refusal('invalid_voucher', 'This agent has no vault yet.', 'voucher'))
    case 'authorization_required': {
      const { needed: cumulative, signed } = outcome
      const { available } = await parts.ledger.balance(agent)
      const message = `With this session ${cumulative} units must be signed for, ${signed} are.`
      const payment = {
        agent,
        required: spendLimit ?? available,
        available,
        shortfall: ZERO,
        affordableMaxTokens: 0,
        authorize: { cumulative, signed },
      }
      return refused(refusal('authorization_required', message), paymentBody(parts, payment))
    }
  }
}

async function readJson(parts: RouteParts, context: RouteContext) {
  const body = await incomingIn(context, parts).readBody()
  return body.kind === 'refused' ? body : parseJson(body.bytes)
}

function isForeign({ session }: Caller, id: string): boolean {
  return session !== null && session.id !== id
}

function listed(session: Session): object {
  return {
    id: session.id,
    label: session.label,
    models: session.models,
    spend_limit: decimal(session.spendLimit),
    spent: session.spent.toString(),
    held: session.held.toString(),
    created_at: instant(session.createdAt),
    expires_at: instant(session.expiresAt),
  }
}

function decimal(amount: bigint | null): string | null {
  return amount === null ? null : amount.toString()
}

function instant(at: number): string {
  return new Date(at).toISOString()
}
