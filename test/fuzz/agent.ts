/** What a gateway that is not trusted answers its agents: errors, terms, receipts, price lists, whole histories. */

import { createGatewayApi, readRefusal } from '../../src/agent/gateway-api.ts'
import { Level5Error } from '../../src/agent/level5-error.ts'
import { contradictions, x402Contradictions } from '../../src/agent/payment-terms.ts'
import { createPinKeeper } from '../../src/agent/pin-keeper.ts'
import { createAsk } from '../../src/agent/verify/asking.ts'
import { firstEnd, readDocuments } from '../../src/agent/verify/gateway-documents.ts'
import { callBound } from '../../src/agent/vouchers/call-bound.ts'
import { canonicalJson } from '../../src/canonical-json.ts'
import { readAnswer, readEvent, streamEvents } from '../../src/cli/call/answer-reader.ts'
import { readBalance } from '../../src/proof/read-balance.ts'
import { readPriceList } from '../../src/proof/read-price-list.ts'
import { readReceipt } from '../../src/proof/read-receipt.ts'
import { receiptBytes } from '../../src/proof/receipt.ts'
import { verifyHistory } from '../../src/proof/verify-history.ts'
import { HonestGateway } from '../proof/honest-gateway.ts'
import { CALL_BODIES } from './call-bodies.ts'
import { type Fuzzer, fed, fedLater, fuzzer, hold } from './fuzzer.ts'
import { PROVIDER_ANSWERS } from './provider-answers.ts'
import { ADDRESSES, AGENT, AUDIENCE, addressesOf, base64Of } from './samples.ts'
import { floods, mutatedBody, mutatedJson, mutatedText, mutatedValue } from './wild.ts'

const { vault, depositAddress } = addressesOf(AGENT)
const TERMS = {
  network: 'localnet',
  ...ADDRESSES,
  vault,
  deposit_address: depositAddress,
  asset: 'USDC',
  decimals: 6,
  commitment: 'finalized',
  rpc_url: null,
}
const REFUSAL = {
  error: { message: 'no money', type: 'billing_error', param: null, code: 'insufficient_balance' },
  payment: { required: '10', available: '0', shortfall: '10', ...TERMS },
}
const X402 = { x402Version: 2, accepts: [{ payTo: vault, asset: ADDRESSES.mint, amount: '1' }] }
const NO_PINS = { chain: null, program: null, gateway: null, mint: null }
const evidence = history()
const RECEIPTS = evidence.receipts.slice(0, 6)
const LISTS = evidence.prices.flatMap(({ answer }) =>
  answer.kind === 'answered' ? [answer.body] : [],
)
const BALANCE = evidence.balance.kind === 'answered' ? evidence.balance.body : {}
const MODELS = (LISTS[0] as { models: Parameters<typeof callBound>[1] }).models

/** Has no text: whoever makes one of it throws. */
const NO_TEXT = { toString: 1 }
/** A model's prices beside something that has no canonical form. */
const UNPRINTABLE = { ...MODELS['small'], note: '\ud800' }

function answering(body: Uint8Array<ArrayBuffer>, status: number): Response {
  return new Response(body, { status, headers: { 'x-request-id': 'req_1' } })
}

async function feedClient(body: Buffer): Promise<void> {
  const status = body.length % 2 === 0 ? 200 : 402
  const bytes = new Uint8Array(body)
  const fetch = async () => answering(bytes, status)
  const api = createGatewayApi(AUDIENCE.origin, fetch)
  await fedLater(() => api.get('/v1/balance'), Level5Error)
  await fedLater(() => createPinKeeper(NO_PINS, AGENT, api).terms(), Level5Error)
  const keeper = createPinKeeper(NO_PINS, AGENT, api)
  await fedLater(() => keeper.checkRefusal(answering(bytes, 402)), Level5Error)
  const answer = await fedLater(() => createAsk(AUDIENCE.origin, fetch)('/v1/receipts'))
  hold(answer !== undefined, 'an answer that is no value')
  const refusal = await fedLater(() => readRefusal(answering(bytes, status)))
  hold(refusal instanceof Level5Error && typeof refusal.message === 'string', 'no error')
}

export const AGENT_SIDE: readonly Fuzzer[] = [
  fuzzer({
    name: 'gateway-answers',
    feeds: [
      'src/agent/gateway-api.ts#readRefusal',
      'src/agent/gateway-api.ts#createGatewayApi',
      'src/agent/pin-keeper.ts#createPinKeeper',
      'src/agent/verify/asking.ts#createAsk',
    ],
    input: mutatedBody(REFUSAL, { error: { ...REFUSAL.error, message: NO_TEXT } }, TERMS, BALANCE),
    feed: feedClient,
    floods: (bytes) => floods(bytes).map((text) => Buffer.from(text)),
    cost: 2,
  }),
  fuzzer({
    name: 'payment-terms',
    feeds: [
      'src/agent/payment-terms.ts#contradictions',
      'src/agent/payment-terms.ts#x402Contradictions',
    ],
    input: mutatedValue(TERMS, { ...TERMS, network: NO_TEXT }, X402),
    feed(stated) {
      const found = fed(() => contradictions(stated, NO_PINS, AGENT))
      const address = Object(stated) as Record<string, unknown>
      hold(found?.length !== 0 || address['vault'] === vault, 'money may go elsewhere')
      const header = base64Of(JSON.stringify(stated) ?? '')
      fed(() => x402Contradictions(header, { vault, mint: ADDRESSES.mint }))
    },
    cost: 2,
  }),
  fuzzer({
    name: 'call-bounds',
    feeds: ['src/agent/vouchers/call-bound.ts#callBound'],
    input: mutatedBody(
      ...Object.values(CALL_BODIES)
        .flat()
        .map((body) => ({ ...body, model: 'small' })),
    ),
    feed(body) {
      const bound = fed(() => callBound(body, MODELS))
      hold(bound?.kind !== 'bounded' || bound.units >= 0n, 'a bound below zero')
    },
    floods: (bytes) => [
      ...floods(bytes).map((text) => Buffer.from(text)),
      Buffer.from(JSON.stringify({ model: 'small', input: Array(300_000).fill([]) })),
    ],
  }),
  fuzzer({
    name: 'receipts',
    feeds: ['src/proof/read-receipt.ts#readReceipt', 'src/canonical-json.ts#canonicalJson'],
    input: mutatedValue(...RECEIPTS),
    feed(delivered) {
      const reading = fed(() => readReceipt(delivered))
      if (reading?.kind !== 'read') {
        hold(reading?.problem !== '', 'malformed without a problem')
        return
      }
      const { receipt } = delivered as { receipt: object }
      const printed = receiptBytes(canonicalJson(receipt))
      hold(Buffer.from(printed).equals(reading.receipt.signedBytes), 'other bytes are signed')
    },
    floods: () => [deepReceipt()],
  }),
  fuzzer({
    name: 'price-lists',
    feeds: ['src/proof/read-price-list.ts#readPriceList'],
    input: mutatedValue(...LISTS, { ...Object(LISTS[0]), models: { small: UNPRINTABLE } }),
    feed(delivered) {
      const reading = fed(() => readPriceList(delivered))
      hold(reading?.kind !== 'malformed' || reading.problem !== '', 'malformed without a problem')
    },
  }),
  fuzzer({
    name: 'balances',
    feeds: ['src/proof/read-balance.ts#readBalance'],
    input: mutatedValue(BALANCE),
    feed(body) {
      fed(() => readBalance({ kind: 'answered', target: 'GET /v1/balance', body }))
    },
  }),
  fuzzer({
    name: 'histories',
    feeds: ['src/proof/verify-history.ts#verifyHistory'],
    input: mutatedValue({
      receipts: RECEIPTS,
      prices: LISTS,
      sessions: [...evidence.sessions.values()],
      balance: BALANCE,
    }),
    feed(shown) {
      const { receipts, prices, sessions, balance } = Object(shown) as Record<string, unknown>
      const list = (value: unknown) => (Array.isArray(value) ? (value as unknown[]) : [])
      const answer = (body: unknown) => ({ kind: 'answered', target: 'GET /', body }) as const
      const names = [...evidence.sessions.keys()]
      const changed = {
        ...evidence,
        receipts: list(receipts),
        prices: list(prices).map((body) => ({ asked: null, answer: answer(body) })),
        sessions: new Map(list(sessions).map((body, index) => [names[index] ?? '', answer(body)])),
        balance: answer(balance),
      }
      const verdict = fed(() => verifyHistory(changed))
      hold(verdict !== undefined && JSON.stringify(verdict.findings).length > 0, 'no verdict')
    },
    cost: 4,
  }),
  fuzzer({
    name: 'documents',
    feeds: [
      'src/agent/verify/gateway-documents.ts#readDocuments',
      'src/agent/verify/gateway-documents.ts#firstEnd',
    ],
    input: mutatedValue({ data: RECEIPTS, next_cursor: null }, { data: [], next_cursor: '7' }),
    async feed(body) {
      const ask = async (target: string) => ({ kind: 'answered', target, body }) as const
      const shown = await fedLater(() => readDocuments(ask, ask))
      fed(() => firstEnd(shown?.receipts ?? []))
    },
  }),
  fuzzer({
    name: 'answers-read-aloud',
    feeds: ['src/cli/call/answer-reader.ts#readAnswer', 'src/cli/call/answer-reader.ts#readEvent'],
    input: mutatedValue(...Object.values(PROVIDER_ANSWERS).flat()),
    feed(answer) {
      fed(() => readAnswer(answer))
      // Its word for an event that is an error.
      fed(() => readEvent(answer), Error)
    },
  }),
  fuzzer({
    name: 'event-streams',
    feeds: ['src/cli/call/answer-reader.ts#streamEvents'],
    input: mutatedText('data: {"choices":[]}\r\n\r\ndata: [DONE]\n\n', 'event: x\ndata:1\n\n'),
    async feed(text) {
      const body = new Response(text).body
      const read = async () => {
        for await (const event of streamEvents(body ?? new ReadableStream())) readEvent(event)
      }
      await fedLater(read, Error)
    },
    floods,
  }),
  fuzzer({
    name: 'x402-terms',
    feeds: ['src/agent/payment-terms.ts#x402Contradictions'],
    input: mutatedJson(X402).map(base64Of),
    feed(header) {
      const found = fed(() => x402Contradictions(header, { vault, mint: ADDRESSES.mint }))
      hold(found !== undefined, 'nothing is said')
    },
    floods,
  }),
]

/** Calls of every kind, a deposit, a settlement and a correction. */
function history() {
  const gateway = new HonestGateway()
  const tokens = { input: 300, cached_input: 100, output: 200 }
  gateway.deposit(5_000_000n)
  gateway.credit()
  gateway.openSession(2_000n)
  for (const asking of ['signature', 'message signature', 'session'] as const) {
    gateway.call({ model: 'small', tokens, asking })
  }
  gateway.settle(gateway.unsettled)
  gateway.reprice()
  gateway.call({ model: 'large', tokens, asking: 'price-bound signature', capped: 20n })
  gateway.correct(4)
  gateway.pass(240_000)
  return gateway.evidence()
}

/** Nested without end: it has no canonical form. */
function deepReceipt(): unknown {
  const levels = 100_000
  return JSON.parse(
    `{"receipt":{"a":${'['.repeat(levels)}${']'.repeat(levels)}},"signature":"${'A'.repeat(86)}=="}`,
  ) as unknown
}
