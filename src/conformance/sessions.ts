/** Sessions as an agent opens them, for checks that need a limit of their own choosing. Source: wire contract, "Sessions". */
import { z } from 'zod'
import { parseJson } from './json-values.ts'
import { CONTENT_JSON } from './provider/wire-format.ts'
import { type Answer, type Ask, type Identity, type Target, Unseen } from './target.ts'

export interface SessionTerms {
  /** Units, as a decimal string. */
  readonly spend_limit?: string
  readonly ttl_seconds?: number
  readonly models?: readonly string[]
}

export interface OpenSession {
  readonly id: string
  readonly token: string
  /** Sends with the token. */
  send(ask: Ask): Promise<Answer>
  /** Ends it, by a signed request. */
  revoke(): Promise<Answer>
}

const Challenge = z.object({ message: z.string() })
const Opened = z.object({ id: z.string(), token: z.string() })

/** Throws `Unseen` where the gateway opens none. */
export async function openSession(
  target: Target,
  identity: Identity,
  terms: SessionTerms,
): Promise<OpenSession> {
  const asked = JSON.stringify({ pubkey: identity.pubkey, ...terms })
  const { message } = await post(target, '/v1/sessions/challenge', asked, Challenge)
  const signature = Buffer.from(await identity.sign(Buffer.from(message))).toString('base64')
  const signed = JSON.stringify({ message, signature })
  const { id, token } = await post(target, '/v1/sessions', signed, Opened)
  return {
    id,
    token,
    send: (ask) => target.sendBare(withToken(ask, token)),
    revoke: () => target.send({ method: 'DELETE', target: `/v1/sessions/${id}` }),
  }
}

/** The ask as it goes out with a session token. */
export function withToken(ask: Ask, token: string): Ask {
  return { ...ask, headers: { ...ask.headers, authorization: `Bearer ${token}` } }
}

async function post<T>(
  target: Target,
  path: string,
  body: string,
  shape: z.ZodType<T>,
): Promise<T> {
  const ask = { method: 'POST', target: path, headers: CONTENT_JSON, body }
  const answer = await target.sendBare(ask)
  const text = Buffer.from(answer.bytes).toString()
  const read = shape.safeParse(parseJson(text))
  if (read.success && answer.status < 300) return read.data
  throw new Unseen(`POST ${path} ${body} answered ${answer.status}: ${text}`)
}
