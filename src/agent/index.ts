/**
 * The agent's side of level5: a signing `fetch` for the SDKs that agents use already, and the money around it.
 *
 *     const agent = createAgent({ key: 'agent.json', url: 'http://127.0.0.1:4020' })
 *     await agent.deposit({ usdc: '5' })
 *     const openai = new OpenAI({ baseURL: `${agent.url}/v1`, apiKey: 'unused', fetch: agent.fetch })
 *
 * Source: wire contract; chain contract, "Instructions". Results keep the wire's names; every failure is a `Level5Error`.
 */
import type { ChainName } from '../identity/signed-text.ts'
import { parseUsdc, type Units } from '../money.ts'
import type { Verdict } from '../proof/finding.ts'
import { MACHINE, type Surroundings } from './clock.ts'
import {
  type DepositProgress,
  type DepositResult,
  type DepositWish,
  makeDeposit,
} from './deposit.ts'
import { createGatewayApi } from './gateway-api.ts'
import { type AgentKey, toSigner } from './key.ts'
import { Level5Error } from './level5-error.ts'
import { readOrigin } from './origin.ts'
import { createPinKeeper } from './pin-keeper.ts'
import { openSession, type SessionWish } from './session.ts'
import { createSigningFetch, type Fetch } from './signing-fetch.ts'
import { createVaultDesk, type VaultDesk } from './vault/desk.ts'
import { type ExitOptions, type ExitResult, exitVault } from './vault/exit.ts'
import type { Progress as VaultProgress } from './vault/progress.ts'
import type { VaultStatus } from './vault/status.ts'
import type { WithdrawResult, WithdrawWish } from './vault/withdraw.ts'
import type { VerifyWish } from './verify/verify.ts'
import { createVouching } from './vouchers/vouching.ts'
import type {
  Balance,
  DepositTerms,
  OpenedSession,
  Prices,
  Quote,
  ReceiptPage,
  TransactionPage,
} from './wire.ts'

export type * from '../proof/finding.ts'
export type { AgentErrorCode } from './level5-error.ts'
export type * from './wire.ts'
export type {
  AgentKey,
  DepositProgress,
  DepositResult,
  DepositWish,
  ExitOptions,
  ExitResult,
  SessionWish,
  VaultProgress,
  VaultStatus,
  VerifyWish,
  WithdrawResult,
  WithdrawWish,
}
export { exitVault, Level5Error }

export interface AgentOptions {
  /** 64 bytes, the path of a Solana CLI key file, or a signer `{ publicKey, sign }`. */
  readonly key: AgentKey
  /** The gateway's public URL: `scheme://host[:port]`. */
  readonly url: string
  /** The pins. On localnet what is absent is taken from the gateway's first answer and then held to. */
  readonly chain?: ChainName
  /** Base58. Without `program` and `gateway` nothing is deposited on a public chain. */
  readonly program?: string
  readonly gateway?: string
  readonly mint?: string
  /** The RPC node to read the chain and to pay through; default: the one that the gateway names. */
  readonly rpcUrl?: string
  /**
   * Lets calls and sessions bring vouchers, signed as they are needed: at most `limit` USDC over the vault's whole life
   * (`"5"`), and never more than the last verified receipt says is spent, plus what is open at worst. One process a key.
   */
  readonly vouchers?: { readonly limit: string }
  /** What carries the requests; default: the runtime's fetch. */
  readonly transport?: Fetch
  /** Clock, nonces and timers; default: the machine's. */
  readonly surroundings?: Surroundings
}

export interface Agent extends VaultDesk {
  /** Base58. */
  readonly publicKey: string
  /** The gateway's origin, without a trailing slash. */
  readonly url: string
  /** Signs each request to the gateway; works unbound. Give it to `new OpenAI({ fetch })` or `new Anthropic({ fetch })`. */
  readonly fetch: Fetch
  /** Moves USDC of the agent's wallet into its vault, opening it if there is none, and waits for the credit. */
  deposit(wish: DepositWish): Promise<DepositResult>
  /** Where and how to pay, checked against the pins. */
  depositTerms(): Promise<DepositTerms>
  balance(): Promise<Balance>
  prices(): Promise<Prices>
  /** What the body of a call would cost at worst; charges nothing. */
  quote(body: unknown): Promise<Quote>
  /** Newest first; `limit` 1 to 500, default 50. */
  transactions(page?: {
    readonly cursor?: string
    readonly limit?: number
  }): Promise<TransactionPage>
  /** The signed receipts after the `after`th, ascending; `limit` 1 to 500. They are not checked here. */
  receipts(page?: { readonly after?: number; readonly limit?: number }): Promise<ReceiptPage>
  /** Checks the whole history against the chain, the price lists and the agent's own signatures; docs/proof.md. */
  verify(wish?: VerifyWish): Promise<Verdict>
  /** A token for clients that take only an API key, under terms that the agent signs. */
  session(wish?: SessionWish): Promise<OpenedSession>
}

/** Makes an agent's side. Reads a key file at once, asks the gateway only when needed. Throws `invalid_option`. */
export function createAgent(options: AgentOptions): Agent {
  const signer = toSigner(options.key)
  const origin = readOrigin(options.url)
  if (origin === null) {
    throw new Level5Error('invalid_option', `url: ${options.url} is not scheme://host[:port]`)
  }
  const surroundings = options.surroundings ?? MACHINE
  const transport = options.transport ?? globalThis.fetch
  const open = createGatewayApi(origin, transport)
  const { chain = null, program = null, gateway = null, mint = null } = options
  const configured = { chain, program, gateway, mint }
  const pins = createPinKeeper(configured, signer.publicKey, open)
  const { chain: chainOf, checkRefusal } = pins
  const signing = { signer, origin, chain: chainOf, checkRefusal, transport, surroundings }
  const plain = createSigningFetch({ ...signing, vouching: null })
  const signed = createGatewayApi(origin, plain)
  const rpcUrl = options.rpcUrl ?? null
  const limit = voucherLimit(options)
  const vouching =
    limit === null
      ? null
      : createVouching({ signer, origin, limit, pins, rpcUrl, open, signed, surroundings })
  const fetch = vouching === null ? plain : createSigningFetch({ ...signing, vouching })
  return {
    publicKey: signer.publicKey,
    url: origin,
    fetch,
    deposit: (wish) => makeDeposit({ signer, pins, api: signed, rpcUrl, surroundings }, wish),
    depositTerms: pins.terms,
    ...createVaultDesk({ signer, configured, pins, api: signed, rpcUrl, surroundings }),
    balance: () => signed.get('/v1/balance'),
    prices: () => open.get('/v1/pricing'),
    quote: (body) => signed.post('/v1/quote', body),
    transactions: (page = {}) => signed.get(`/v1/transactions${queryOf({ ...page })}`),
    receipts: (page = {}) => signed.get(`/v1/receipts${queryOf({ ...page })}`),
    verify: async (wish = {}) => {
      // Loaded on demand: only this reads histories.
      const { verifyAgent } = await import('./verify/verify.ts')
      const access = { signer, pins: configured, rpcUrl, surroundings }
      return await verifyAgent({ ...access, keeper: pins, origin, signed: plain, transport }, wish)
    },
    session: async (wish = {}) => {
      const audience = { origin, chain: await pins.chain() }
      const begin = (voucher: string | null) => openSession(open, signer, audience, wish, voucher)
      if (vouching === null) return (await begin(null)).session
      return await vouching.session(wish.spend_limit, begin)
    },
  }
}

/** The owner's limit in units; null where no vouchers are wanted. Throws `invalid_option`. */
function voucherLimit({ vouchers }: AgentOptions): Units | null {
  if (vouchers === undefined) return null
  const limit = parseUsdc(vouchers.limit)
  if (limit !== null) return limit
  throw new Level5Error(
    'invalid_option',
    `vouchers.limit: ${vouchers.limit} is not an amount of USDC`,
  )
}

/** `?a=1&b=2` of what is given, or nothing. */
function queryOf(parameters: Readonly<Record<string, string | number | undefined>>): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) query.set(name, String(value))
  }
  return query.size > 0 ? `?${query}` : ''
}
