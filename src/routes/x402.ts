/**
 * Top-ups with nothing but an x402 client, and what a wallet may read of itself, in the way of Venice's API: its paths
 * and its envelope, with amounts as decimal strings of units.
 */
import type { Hono } from 'hono'
import { z } from 'zod'
import { type Refusal, refusal } from '../errors.ts'
import { findCredential } from '../identity/credentials.ts'
import { decodePublicKey } from '../identity/public-key.ts'
import { checkSignIn } from '../identity/sign-in-with-x.ts'
import { formatUsdc, parseUnits, type Units, ZERO } from '../money.ts'
import { spendNonce } from '../request/authenticate.ts'
import type { Incoming, PaymentNeeded } from '../request/exchange.ts'
import { paymentOf } from '../request/pay.ts'
import type { X402 } from '../x402/x402.ts'
import { askAndKeep, type Env, incomingIn, parseJson, type RouteContext } from './context.ts'
import { transactionPage } from './money.ts'
import type { RouteParts } from './parts.ts'
import { paymentBody } from './payment.ts'
import { json, type Reply, refused, send } from './reply.ts'
import { settlementHeaders } from './x402-headers.ts'

/** One USDC: what a top-up is asked for where the client names no amount. */
const TOP_UP = 1_000_000n as Units

const TopUp = z.strictObject({
  amount: z
    .string()
    .refine((text) => (parseUnits(text) ?? ZERO) > ZERO)
    .optional(),
})

export function addX402(app: Hono<Env>, parts: RouteParts, x402: X402): void {
  app.post('/x402/top-up', async (context) => {
    return send(context, context.var.requestId, await topUp(parts, x402, context))
  })
  app.get('/x402/balance/:wallet', (context) =>
    ownRoute(parts, x402, context, (wallet) => balance(parts, x402, wallet)),
  )
  app.get('/x402/transactions/:wallet', (context) =>
    ownRoute(parts, x402, context, (wallet) => transactions(parts, context, wallet)),
  )
}

type Asker =
  | {
      readonly kind: 'asked'
      readonly agent: string
      readonly asker: string
      readonly body: Uint8Array
    }
  | { readonly kind: 'refused'; readonly refusal: Refusal }

/** Pays into a vault: its agent's own, or anybody's who names it as `?wallet=`. */
async function topUp(parts: RouteParts, x402: X402, context: RouteContext): Promise<Reply> {
  const incoming = incomingIn(context, parts)
  const asker = await whoTopsUp(parts, x402, incoming, context.req.query('wallet'))
  if (asker.kind === 'refused') return asker
  const amount = readAmount(asker.body)
  if (typeof amount === 'object') return refused(amount)
  const { agent } = asker
  const payment = paymentOf(incoming)
  let why = 'A top-up is to be paid.'
  if (payment !== undefined) {
    const settled = await x402.settle({ agent, asker: asker.asker, payment })
    for (const [name, value] of Object.entries(settlementHeaders(settled))) {
      context.header(name, value)
    }
    if (settled.success) {
      const { available } = await parts.ledger.balance(agent)
      const { transaction, network, amount: paid } = settled
      const data = { walletAddress: agent, amount: paid, transaction, network }
      return json({ success: true, data: { ...data, balance: available.toString() } })
    }
    why = settled.errorMessage ?? why
  }
  const wanted = amount ?? TOP_UP
  const url = parts.path.audience.origin + incoming.target
  const value = await x402.ask(agent, wanted, url, why)
  if (value === null) {
    return refused(refusal('not_found', `${agent} has no vault here: its first deposit opens one.`))
  }
  context.header('payment-required', value)
  const { available } = await parts.ledger.balance(agent)
  const needed: PaymentNeeded = {
    agent,
    required: wanted,
    available,
    shortfall: wanted,
    affordableMaxTokens: 0,
  }
  return refused(refusal('insufficient_balance', why), paymentBody(parts, needed))
}

async function whoTopsUp(
  parts: RouteParts,
  x402: X402,
  incoming: Incoming,
  wallet: string | undefined,
): Promise<Asker> {
  const own = await whoAsks(parts, x402, incoming)
  if (own !== null || wallet === undefined) return own ?? nobody()
  if (decodePublicKey(wallet) === null) {
    const message = 'wallet is not a base58 key of 32 bytes.'
    return { kind: 'refused', refusal: refusal('invalid_request', message, 'wallet') }
  }
  const body = await incoming.readBody()
  // Tries of strangers are counted apart: they cannot use up the agent's own.
  return body.kind === 'refused'
    ? body
    : { kind: 'asked', agent: wallet, asker: `anyone for ${wallet}`, body: body.bytes }
}

/** The wallet that signed in or signed the request, or the session's; null where nothing says who asks. */
async function whoAsks(parts: RouteParts, x402: X402, incoming: Incoming): Promise<Asker | null> {
  const header = incoming.header('sign-in-with-x')
  if (header === undefined) {
    if (findCredential(incoming.header).kind === 'none') return null
    const asked = await askAndKeep(parts, incoming)
    if (asked.kind === 'refused') return asked
    const { agent } = asked.caller
    return { kind: 'asked', agent, asker: agent, body: asked.body }
  }
  const { audience, now } = parts.path
  const at = now()
  const { target } = incoming
  const proof = checkSignIn({
    header,
    origin: audience.origin,
    target,
    network: x402.network,
    now: at,
  })
  if (proof.kind === 'refused') return proof
  const replayed = await spendNonce(
    parts.path,
    { agent: proof.wallet, nonce: proof.nonce },
    at,
    'other',
  )
  if (replayed !== null) return { kind: 'refused', refusal: replayed }
  const body = await incoming.readBody()
  return body.kind === 'refused'
    ? body
    : { kind: 'asked', agent: proof.wallet, asker: proof.wallet, body: body.bytes }
}

/** The amount that the body asks for; undefined where it names none. */
function readAmount(body: Uint8Array): Units | undefined | Refusal {
  if (body.length === 0) return undefined
  const parsed = parseJson(body)
  if (parsed.kind === 'refused') return parsed.refusal
  const read = TopUp.safeParse(parsed.value)
  if (read.success) return parseUnits(read.data.amount ?? null) ?? undefined
  return refusal('invalid_request', 'The body is not {"amount":"<units>"}, or nothing.', 'amount')
}

/** A route about one wallet that only this wallet may read. */
async function ownRoute(
  parts: RouteParts,
  x402: X402,
  context: RouteContext,
  read: (wallet: string) => Promise<Reply>,
): Promise<Response> {
  const wallet = context.req.param('wallet') ?? ''
  const asker = (await whoAsks(parts, x402, incomingIn(context, parts))) ?? nobody()
  const reply =
    asker.kind === 'refused'
      ? asker
      : asker.agent === wallet
        ? await read(wallet)
        : refused(refusal('forbidden', `${asker.agent} may not read what ${wallet} has.`))
  return send(context, context.var.requestId, reply)
}

async function balance({ ledger }: RouteParts, x402: X402, wallet: string): Promise<Reply> {
  const { available } = await ledger.balance(wallet)
  const data = {
    walletAddress: wallet,
    balance: available.toString(),
    balanceUsd: formatUsdc(available),
    canConsume: available > ZERO,
    minimumTopUp: x402.minimum.toString(),
    suggestedTopUp: TOP_UP.toString(),
  }
  return json({ success: true, data })
}

async function transactions(
  { ledger }: RouteParts,
  context: RouteContext,
  wallet: string,
): Promise<Reply> {
  const page = await transactionPage(ledger, wallet, (name) => context.req.query(name))
  if (page.kind === 'refused') return page
  const { data, next_cursor } = page.page
  return json({ success: true, data: { walletAddress: wallet, transactions: data, next_cursor } })
}

function nobody(): Extract<Asker, { kind: 'refused' }> {
  const message = 'The request carries no SIGN-IN-WITH-X, no signature and no session.'
  return { kind: 'refused', refusal: refusal('missing_credentials', message) }
}
