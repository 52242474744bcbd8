/** Sessions: bearer tokens for SDKs that only take an API key. Source: wire contract, "Sessions"; property A3. */
import type { Hono } from 'hono'
import { z } from 'zod'
import { refusal } from '../errors.ts'
import { readChallengeRequest } from '../identity/challenge-request.ts'
import {
  type ChallengeIssuer,
  issueChallenge,
  readSignedChallenge,
} from '../identity/session-challenge.ts'
import { sessionToken, tokenSha256 } from '../identity/session-token.ts'
import type { Session } from '../ledger/session-ledger.ts'
import {
  authenticated,
  type Env,
  incomingOf,
  open,
  parseJson,
  type RouteContext,
  refuseToken,
} from './context.ts'
import type { RouteParts } from './parts.ts'
import { json, type Reply, refused } from './reply.ts'

const SignedChallenge = z.strictObject({
  message: z.string().max(16_384),
  signature: z.string().max(128),
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
  app.delete(
    '/v1/sessions/:id',
    authenticated(parts, async ({ caller }, context) => {
      const id = context.req.param('id') ?? ''
      if (caller.session !== null && caller.session.id !== id) {
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

/** The terms come from the signed message alone. The token is shown here and never again. */
async function create(
  parts: RouteParts,
  issuer: ChallengeIssuer,
  context: RouteContext,
): Promise<Reply> {
  const body = await readJson(parts, context)
  if (body.kind === 'refused') return body
  const signed = SignedChallenge.safeParse(body.value)
  if (!signed.success) {
    return refused(refusal('invalid_request', 'The body is not {"message","signature"}.'))
  }
  const at = parts.path.now()
  const proof = readSignedChallenge(issuer, signed.data, at)
  if (proof.kind === 'refused') return proof
  const { agent, terms, nonce } = proof
  const { spendLimit, models, label, ttlSeconds } = terms
  const expiresAt = at + ttlSeconds * 1000
  const id = `ses_${Buffer.from(parts.random(12)).toString('hex')}`
  const token = sessionToken(parts.random(32))
  const granted = { agent, spendLimit, models, label, expiresAt }
  const opened = await parts.ledger.openSession(id, tokenSha256(token), granted, nonce, at)
  if (opened.kind === 'replayed_nonce') {
    return refused(refusal('replayed_nonce', 'The challenge has been used.'))
  }
  const body201 = { id, token, expires_at: instant(expiresAt), spend_limit: decimal(spendLimit) }
  return json(body201, 201)
}

async function readJson(parts: RouteParts, context: RouteContext) {
  const body = await incomingOf(context, parts).readBody()
  return body.kind === 'refused' ? body : parseJson(body.bytes)
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
