/** What the agent reads of its gateway on chain, and of the price list that the key named there has signed. */
import type { Connection } from '@solana/web3.js'
import { PublicKey } from '@solana/web3.js'
import { verifyStrict } from '../../identity/ed25519.ts'
import { readPriceList } from '../../proof/read-price-list.ts'
import type { GatewayApi } from '../gateway-api.ts'
import { Level5Error } from '../level5-error.ts'
import { readGateway } from '../vault/sight.ts'
import type { Prices } from '../wire.ts'

export interface GatewayPlace {
  readonly rpc: Connection
  readonly program: string
  readonly gateway: string
}

/** The keys that the Gateway account has named since this agent first asked, and its signed prices. */
export class GatewayFacts {
  readonly #place: GatewayPlace
  readonly #open: GatewayApi
  readonly #keys: Uint8Array[] = []
  #prices: Prices | null = null

  constructor(place: GatewayPlace, open: GatewayApi) {
    this.#place = place
    this.#open = open
  }

  get keys(): readonly Uint8Array[] {
    return this.#keys
  }

  /** Reads the receipt key on chain. True where it is one that was not known. */
  async readKey(): Promise<boolean> {
    const { rpc, program, gateway } = this.#place
    const found = await readGateway(rpc, new PublicKey(program), new PublicKey(gateway)).catch(
      noNode,
    )
    const key = found.receiptKey.toBytes()
    if (this.#keys.some((known) => Buffer.from(known).equals(key))) return false
    this.#keys.push(key)
    return true
  }

  /** The list in force when it was last read. Throws `untrusted_answer` where the gateway's key has not signed it. */
  async prices(): Promise<Prices> {
    return this.#prices ?? (await this.refreshPrices())
  }

  async refreshPrices(): Promise<Prices> {
    const body = await this.#open.get<Prices>('/v1/pricing')
    const reading = readPriceList(body)
    if (reading.kind === 'malformed') throw untrusted(`the price list: ${reading.problem}`)
    const { version, digest, signature, signedBytes } = reading.list
    if (version !== digest) throw untrusted(`the price list is ${digest}, not ${version}`)
    const isSigned = () =>
      signature !== null && this.#keys.some((key) => verifyStrict(key, signedBytes, signature))
    if (!isSigned() && !((await this.readKey()) && isSigned())) {
      throw untrusted('the price list is not signed by the key that the Gateway account names')
    }
    this.#prices = body
    return body
  }
}

export function untrusted(why: string): Level5Error {
  return new Level5Error('untrusted_answer', `no voucher is signed: ${why}`)
}

function noNode(cause: unknown): never {
  if (cause instanceof Level5Error) throw cause
  const why = cause instanceof Error ? cause.message : String(cause)
  throw new Level5Error('unreachable', `no voucher is signed: the RPC node: ${why}`, { cause })
}
