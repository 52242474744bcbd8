/** Calls that bring their own voucher: bound to the signed price list, covered, and checked by the receipt that comes back. */
import { PublicKey } from '@solana/web3.js'
import { connectRpc } from '../../chain/rpc.ts'
import { parseUnits, type Units, ZERO } from '../../money.ts'
import type { Surroundings } from '../clock.ts'
import { type GatewayApi, readRefusal } from '../gateway-api.ts'
import type { Signer } from '../key.ts'
import { Level5Error } from '../level5-error.ts'
import type { PinKeeper } from '../pin-keeper.ts'
import type { SignedSession } from '../session.ts'
import { RPC_TIMEOUT_MS } from '../sign-transaction.ts'
import type { CallSender, PreparedCall } from '../signing-fetch.ts'
import type { OpenedSession, Prices } from '../wire.ts'
import { callBound, isBilled } from './call-bound.ts'
import { Flights } from './flights.ts'
import { GatewayFacts, untrusted } from './gateway-facts.ts'
import { Purse } from './purse.ts'
import { ReceiptBook } from './receipt-book.ts'
import type { ReceiptParty } from './receipt-chain.ts'
import { SessionShelf } from './session-shelf.ts'
import { watchAnswer } from './watch-answer.ts'

export interface VouchingParts {
  readonly signer: Signer
  readonly origin: string
  readonly limit: Units
  readonly pins: PinKeeper
  /** Null: the node that the gateway names. */
  readonly rpcUrl: string | null
  /** Public routes; and signed ones, without vouchers. */
  readonly open: GatewayApi
  readonly signed: GatewayApi
  readonly surroundings: Surroundings
}

/** Everything that is known once the gateway was looked up on chain and its receipts were read. */
interface Desk {
  readonly facts: GatewayFacts
  readonly flights: Flights
  readonly book: ReceiptBook
  readonly sessions: SessionShelf
  readonly purse: Purse
  readonly party: ReceiptParty
}

export interface Vouching {
  /** Sends a call, with a voucher where it is billed. */
  call(request: PreparedCall, send: CallSender): Promise<Response>
  /** Opens a session with `open`, given a voucher that covers its limit; null where there is no limit to cover. */
  session(
    spendLimit: string | undefined,
    open: (voucher: string | null) => Promise<SignedSession>,
  ): Promise<OpenedSession>
}

export function createVouching(parts: VouchingParts): Vouching {
  let desk: Promise<Desk> | null = null
  /** Asked for once; what failed is tried again by the next call. */
  function opened(): Promise<Desk> {
    desk ??= openDesk(parts).catch((cause: unknown) => {
      desk = null
      throw cause
    })
    return desk
  }
  return {
    async call(request, send) {
      if (!isBilled(request.method, request.url.pathname)) return await send({})
      return await vouchedCall(await opened(), parts.surroundings, request, send)
    },
    async session(spendLimit, open) {
      const limit = parseUnits(spendLimit)
      if (limit === null) return (await open(null)).session
      const { purse, sessions, party } = await opened()
      const voucher = await purse.covering(limit)
      const signed = await open(voucher).catch(async (error: unknown) => {
        const payment = error instanceof Level5Error ? error.payment : null
        if (payment?.authorize === undefined) throw error
        return await open(await purse.answer(payment, limit))
      })
      const { session, proof } = signed
      const problem = sessions.admit(session.id, { proof }, party)
      if (problem !== null) throw untrusted(problem)
      return session
    },
  }
}

async function openDesk(parts: VouchingParts): Promise<Desk> {
  const { signer, origin, pins, open, signed, surroundings, limit } = parts
  const terms = await pins.termsToPay()
  const rpcUrl = parts.rpcUrl ?? terms.rpc_url
  if (rpcUrl === null) {
    throw new Level5Error('invalid_option', 'rpcUrl: the gateway names no RPC node; give one')
  }
  const rpc = connectRpc({ url: rpcUrl, timeoutMs: RPC_TIMEOUT_MS })
  const { program, gateway, vault, network: chain } = terms
  const place = { rpc, program: new PublicKey(program), gateway: new PublicKey(gateway) }
  const facts = new GatewayFacts({ ...place, surroundings }, open)
  await facts.readKey()
  const flights = new Flights()
  const sessions = new SessionShelf()
  const party = { origin, chain, gateway, agent: signer.publicKey }
  const book = new ReceiptBook({
    party,
    api: signed,
    facts,
    sessions,
    ownCall: (nonce) => flights.get(nonce),
    onCharged: (nonce) => flights.land(nonce),
  })
  const { now } = surroundings
  const purse = new Purse({ signer, vault, limit, book, flights, sessions, now })
  await book.sync()
  return { facts, flights, book, sessions, purse, party }
}

/** One try, and one more: with the voucher that was asked for, or under the prices that have come. */
async function vouchedCall(
  desk: Desk,
  surroundings: Surroundings,
  request: PreparedCall,
  send: CallSender,
): Promise<Response> {
  let prices = await desk.facts.prices()
  let voucher: string | null = null
  for (let tries = 1; ; tries += 1) {
    const nonce = surroundings.freshNonce()
    const bound = boundUnder(request, prices)
    desk.flights.start(nonce, { bound, priceVersion: request.priceVersion ?? prices.version })
    voucher ??= await desk.purse.covering().catch(forgetting(desk, nonce))
    const priceVersion = request.priceVersion ?? prices.version
    const response: Response = await send({ nonce, voucher, priceVersion }).catch(
      (cause: unknown) => {
        desk.flights.lose(nonce, surroundings.now())
        throw cause
      },
    )
    if (response.ok) return await received(desk, surroundings, nonce, response)
    const next: Next | null = await afterRefusal(desk, request, response, tries).finally(() =>
      desk.flights.drop(nonce),
    )
    if (next === null) return response
    if (next.kind === 'repriced') prices = next.prices
    voucher = next.kind === 'signed' ? next.voucher : null
  }
}

type Next =
  | { readonly kind: 'signed'; readonly voucher: string }
  | { readonly kind: 'repriced'; readonly prices: Prices }

/** What to try again with, or null: then the refusal is the caller's to read. Throws where a voucher is refused. */
async function afterRefusal(
  { purse, facts }: Desk,
  request: PreparedCall,
  response: Response,
  tries: number,
): Promise<Next | null> {
  if (!RETRIED.includes(response.status)) return null
  const refusal = await readRefusal(response.clone())
  if (refusal.code === 'authorization_required' && refusal.payment !== null) {
    if (tries > 1) throw refusal
    return { kind: 'signed', voucher: await purse.answer(refusal.payment) }
  }
  const repriced = refusal.code === 'price_changed' && request.priceVersion === null && tries === 1
  return repriced ? { kind: 'repriced', prices: await facts.refreshPrices() } : null
}

/** Statuses of `authorization_required` and `price_changed`. */
const RETRIED = [402, 409]

/** Nothing can be signed for a call that the price list does not bound: it is sent as it is, for the gateway to refuse. */
function boundUnder(request: PreparedCall, prices: Prices): Units {
  const found = callBound(request.body, prices.models)
  return found.kind === 'bounded' ? found.units : ZERO
}

/** A call that is not sent after all is not in flight. */
function forgetting({ flights }: Desk, nonce: string) {
  return (cause: unknown): never => {
    flights.land(nonce)
    throw cause
  }
}

/**
 * Takes the receipt of a whole answer; a stream's is asked for before the next voucher is signed. An answer that is sent
 * again (`Idempotency-Key`) comes with the receipt of the call that it was sent to first: whether this one was charged is
 * asked for too.
 */
async function received(
  { flights, book }: Desk,
  { now }: Surroundings,
  nonce: string,
  response: Response,
): Promise<Response> {
  const header = response.headers.get('x-receipt')
  if (header !== null) {
    await book.offer(deliveredIn(header))
    flights.end(nonce)
    return response
  }
  return watchAnswer(response, (how) => {
    if (how === 'ended') flights.end(nonce)
    else flights.lose(nonce, now())
  })
}

/** Null, which is no receipt, for what cannot be read. */
function deliveredIn(header: string): unknown {
  try {
    return JSON.parse(Buffer.from(header, 'base64').toString())
  } catch {
    return null
  }
}
