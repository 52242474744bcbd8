/** Finds out what kind of gateway stands at a URL, and opens it with the key that was given. */
import type { Signer } from '../agent/key.ts'
import { openWire } from './http.ts'
import { memberOf, parseJson } from './json-values.ts'
import type { CallFormat } from './play.ts'
import { type Target, Unseen } from './target.ts'
import { openApiKey } from './targets/api-key.ts'
import { openLevel5 } from './targets/level5.ts'

export interface TargetWish {
  /** `scheme://host[:port]`. */
  readonly url: string
  readonly credential:
    | { readonly kind: 'keypair'; readonly signer: Signer }
    | { readonly kind: 'token'; readonly token: string }
  /** What stands here replaces the default for that format; a gateway without a price list serves nothing else. */
  readonly models: ReadonlyMap<CallFormat, string>
  /** Go along with every request to another gateway than level5. */
  readonly headers: Readonly<Record<string, string>>
  /** Unix milliseconds. */
  readonly now: () => number
  readonly freshNonce: () => string
}

/** Longer than a gateway may take to give up on a silent provider in a test setup, shorter than anyone waits. */
const ANSWER_MS_MAX = 150_000

/** A keypair is signed with: the gateway is level5. A token may be a session of level5 or the API key of another gateway. */
export async function openTarget(wish: TargetWish): Promise<Target> {
  const { url, credential } = wish
  const level5 = { ...wish, origin: url, answerMsMax: ANSWER_MS_MAX }
  if (credential.kind === 'keypair' || (await showsBooks(url, credential.token))) {
    return openLevel5(level5)
  }
  const { headers, models } = wish
  return openApiKey({ url, key: credential.token, headers, models, answerMsMax: ANSWER_MS_MAX })
}

/** Whether the gateway takes the token for a session of level5. Throws `Unseen` where nobody answers. */
async function showsBooks(url: string, token: string): Promise<boolean> {
  const wire = openWire(url, ANSWER_MS_MAX)
  const headers = { authorization: `Bearer ${token}` }
  const answer = await wire.send({ method: 'GET', target: '/v1/balance', headers })
  wire.close()
  if (answer.status === 0) throw new Unseen(`no answer from ${url}`)
  const books = parseJson(Buffer.from(answer.bytes).toString())
  return answer.status === 200 && typeof memberOf(books, 'available') === 'string'
}
