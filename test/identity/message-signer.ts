/** Signs requests by RFC 9421 with a library that is not ours. */
import { createHash, createPrivateKey, sign } from 'node:crypto'
import { httpbis } from 'http-message-signatures'
import vectors from '../vectors.json' with { type: 'json' }

const KEY = createPrivateKey({
  key: Buffer.from(`302e020100300506032b657004220420${vectors.agent.seed_hex}`, 'hex'),
  format: 'der',
  type: 'pkcs8',
})
export const AGENT = vectors.agent.pubkey

export interface Unsigned {
  readonly method: string
  /** The whole URL: the configured origin and the target. */
  readonly url: string
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
  readonly fields: readonly string[]
  /** In the order of the parameters. */
  readonly params: Readonly<Record<string, string | Date>>
  readonly label?: string
}

/** The headers of the signed request, `content-digest` among them where there is a body. */
export async function signMessage(asked: Unsigned): Promise<Record<string, string>> {
  const digest = createHash('sha256').update(asked.body).digest('base64')
  const own = asked.body === '' ? {} : { 'content-digest': `sha-256=:${digest}:` }
  const { keyid = AGENT, ...values } = asked.params
  const signed = await httpbis.signMessage(
    {
      key: { id: String(keyid), sign: async (data) => sign(null, data, KEY) },
      name: asked.label ?? 'sig1',
      fields: [...asked.fields],
      params: [...Object.keys(values), 'keyid'],
      paramValues: { ...values },
    },
    { method: asked.method, url: asked.url, headers: { ...own, ...asked.headers } },
  )
  return Object.fromEntries(
    Object.entries(signed.headers).map(([name, value]) => [name.toLowerCase(), String(value)]),
  )
}

/** Signs a base that is written by hand. */
export function signText(base: string): string {
  return `sig1=:${sign(null, Buffer.from(base), KEY).toString('base64')}:`
}
