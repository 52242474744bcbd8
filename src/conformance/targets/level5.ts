/**
 * A gateway that speaks the level5 contract, asked with an agent's keypair (each request is signed anew) or with a session
 * token. Source: wire contract.
 */
import { z } from 'zod'
import type { Signer } from '../../agent/key.ts'
import { signedHeaders } from '../../agent/signed-headers.ts'
import type { ChainName } from '../../identity/signed-text.ts'
import { openWire, type Wire } from '../http.ts'
import type { CallFormat } from '../play.ts'
import { type Ask, type Identity, type Target, Unseen } from '../target.ts'
import { defaultModels } from './level5-models.ts'
import { level5Money } from './level5-money.ts'
import { askingOver } from './target-over.ts'

export interface Level5Options {
  /** Where it is reached: `scheme://host[:port]`. */
  readonly url: string
  /** What is signed for; the same, but where something stands in between. */
  readonly origin: string
  readonly credential:
    | { readonly kind: 'keypair'; readonly signer: Signer }
    | { readonly kind: 'token'; readonly token: string }
  /** What stands here replaces the default for that format. */
  readonly models: ReadonlyMap<CallFormat, string>
  /** Unix milliseconds. */
  readonly now: () => number
  readonly freshNonce: () => string
  /** An answer that has not ended after this is cut. */
  readonly answerMsMax: number
}

/** Throws `Unseen` where the gateway does not answer as the contract says. */
export async function openLevel5(options: Level5Options): Promise<Target> {
  const { url, credential } = options
  const wire = openWire(url, options.answerMsMax)
  const identity =
    credential.kind === 'keypair' ? await identityOf(wire, options, credential.signer) : null
  const asking = askingOver(wire, {
    signed: (ask) =>
      identity === null
        ? Promise.resolve(withToken(ask, credential.kind === 'token' ? credential.token : ''))
        : signed(identity, ask, options),
  })
  const money = level5Money(asking.send)
  const listed = defaultModels(await money.pricing())
  return { url, identity, money, models: new Map([...listed, ...options.models]), ...asking }
}

const DepositTerms = z.object({ network: z.enum(['mainnet', 'devnet', 'testnet', 'localnet']) })

/** The chain is part of what is signed; the gateway says which one. */
async function identityOf(
  wire: Wire,
  { origin }: Level5Options,
  { publicKey, sign }: Signer,
): Promise<Identity> {
  const target = `/v1/deposit?pubkey=${publicKey}`
  const answer = await wire.send({ method: 'GET', target })
  const chain = chainIn(answer.bytes)
  if (chain === null) {
    throw new Unseen(
      `${origin}${target} answered ${answer.status} and names no chain: is it a level5 gateway?`,
    )
  }
  return { pubkey: publicKey, sign, origin, chain }
}

function chainIn(bytes: Uint8Array): ChainName | null {
  try {
    const read = DepositTerms.safeParse(JSON.parse(Buffer.from(bytes).toString()))
    return read.success ? read.data.network : null
  } catch {
    return null
  }
}

function withToken(ask: Ask, token: string): Ask {
  return { ...ask, headers: { authorization: `Bearer ${token}`, ...ask.headers } }
}

async function signed(
  { pubkey, sign, origin, chain }: Identity,
  ask: Ask,
  { now, freshNonce }: Level5Options,
): Promise<Ask> {
  const headers = await signedHeaders(
    { publicKey: pubkey, sign },
    {
      origin,
      chain,
      method: ask.method,
      target: ask.target,
      body: Buffer.from(ask.body ?? ''),
      nonce: freshNonce(),
      now: now(),
      priceVersion: null,
    },
  )
  return { ...ask, headers: { ...headers, ...ask.headers } }
}
