/** How to pay, and a hint that a payment is under way. Source: wire contract, "Money routes". */
import type { Hono } from 'hono'
import { z } from 'zod'
import { refusal } from '../errors.ts'
import { findCredential } from '../identity/credentials.ts'
import { decodePublicKey } from '../identity/public-key.ts'
import {
  askAndKeep,
  authenticated,
  type Env,
  incomingIn,
  open,
  parseJson,
  type RouteContext,
} from './context.ts'
import type { RouteParts } from './parts.ts'
import { json, type Reply, refused } from './reply.ts'

const Hint = z.object({ signature: z.string().regex(/^[1-9A-HJ-NP-Za-km-z]{64,88}$/) })

export function addDeposits(app: Hono<Env>, parts: RouteParts): void {
  app.get(
    '/v1/deposit',
    open((context) => instructions(parts, context)),
  )
  app.post(
    '/v1/deposits',
    authenticated(parts, async ({ body }) => hint(parts, body)),
  )
}

async function instructions(parts: RouteParts, context: RouteContext): Promise<Reply> {
  const incoming = incomingIn(context, parts)
  const pubkey = context.req.query('pubkey')
  if (findCredential(incoming.header).kind !== 'none' || pubkey === undefined) {
    const asked = await askAndKeep(parts, incoming)
    if (asked.kind === 'refused') return refused(asked.refusal)
    return json(parts.depositInstructions(asked.caller.agent))
  }
  if (decodePublicKey(pubkey) === null) {
    return refused(refusal('invalid_request', 'pubkey is not a base58 key of 32 bytes.', 'pubkey'))
  }
  return json(parts.depositInstructions(pubkey))
}

/** The hint only wakes the watcher: what it says is never evidence. */
function hint({ chain }: RouteParts, body: Uint8Array): Reply {
  const parsed = parseJson(body)
  if (parsed.kind === 'refused') return parsed
  const read = Hint.safeParse(parsed.value)
  if (!read.success) {
    const message = 'signature is not the base58 signature of a transaction.'
    return refused(refusal('invalid_request', message, 'signature'))
  }
  chain?.wake()
  return json({ signature: read.data.signature, status: 'noted' }, 202)
}
