/**
 * An honest gateway as a model: it is told what happens and keeps the evidence that a real one and its chain would show.
 * Time moves with every step.
 */
import { createHash } from 'node:crypto'
import { sessionText } from '../../src/identity/session-text.ts'
import { requestText } from '../../src/identity/signed-text.ts'
import { NO_TOKENS, type Tokens, units } from '../../src/money.ts'
import { versionOf } from '../../src/prices/make-list.ts'
import type {
  Answered,
  ChainDeposit,
  ChainPayout,
  ChainReceiptKey,
  Evidence,
  Party,
} from '../../src/proof/evidence.ts'
import { type PriceListBody, priceListBytes } from '../../src/proof/price-list.ts'
import {
  FIRST_PREV,
  type Receipt,
  receiptBytes,
  receiptDigest,
  receiptText,
} from '../../src/proof/receipt.ts'
import { digestOf, type TestKey, testKey } from './keys.ts'

export const AGENT = testKey('the agent')
const ORIGIN = 'https://gw.example.com'
export const PARTY: Party = {
  origin: ORIGIN,
  chain: 'localnet',
  agent: AGENT.pubkey,
  gateway: testKey('the gateway').pubkey,
}
const VAULT = testKey('the vault').pubkey
const START = Date.parse('2026-11-21T12:00:00.000Z')

/** How a call is asked for. */
export type Asking = 'signature' | 'price-bound signature' | 'message signature' | 'session'

export interface CallStep {
  readonly model: 'small' | 'large'
  readonly tokens: Partial<Tokens>
  readonly asking: Asking
  /** The worst case was less than it came to, by so many units. */
  readonly capped?: bigint
}

/** A receipt or a correction, as a document. */
export type Document = { [name: string]: unknown }

export interface Delivered {
  receipt: Document
  signature: string
}

export class HonestGateway {
  now = START
  #slot = 100
  #names = 0
  #price = 1n
  #deposited = 0n
  #credited = 0n
  #withdrawn = 0n
  #settled = 0n
  #spent = 0n
  readonly receipts: Delivered[] = []
  readonly keys: TestKey[] = []
  readonly lists = new Map<string, PriceListBody & { signature: string }>()
  readonly sessions = new Map<string, { message: string; signature: string }>()
  readonly #deposits: ChainDeposit[] = []
  readonly #settlements: ChainPayout[] = []
  readonly #withdrawals: ChainPayout[] = []
  readonly #receiptKeys: ChainReceiptKey[] = []
  #session: string | null = null
  #list: (PriceListBody & { signature: string }) | null = null

  constructor() {
    this.rotate()
    this.reprice()
  }

  pass(ms: number): void {
    this.now += ms
  }

  get key(): TestKey {
    const key = this.keys.at(-1)
    if (key === undefined) throw new Error('there is no receipt key')
    return key
  }

  get free(): bigint {
    return this.#credited - this.#withdrawn - this.#spent
  }

  rotate(): void {
    this.pass(1_000)
    this.keys.push(testKey(`receipt key ${this.keys.length}`))
    this.#receiptKeys.push({ ...this.#place(), receiptKey: this.key.pubkey })
    this.pass(1_000)
  }

  /** Prices of two models: one with every class and none of it dear, one with upper-tier prices. */
  reprice(): void {
    this.#price += 1n
    const price = (factor: bigint) => (this.#price * factor * 100_000n).toString()
    const tier = (factor: bigint) => ({
      input: price(factor),
      cached_input: price(factor),
      cache_write: price(factor * 2n),
      output: price(factor * 4n),
    })
    const size = { provider: 'openai', context_window: 100_000, max_output_tokens: 10_000 }
    const models = {
      small: { ...tier(1n), ...size },
      large: { ...tier(10n), long_context: { above: 1_000, ...tier(20n) }, ...size },
    }
    const list: PriceListBody = {
      asset: 'USDC',
      decimals: 6,
      per: 1_000_000,
      effective_at: new Date(this.now).toISOString(),
      version: versionOf(models),
      models,
    }
    this.#list = { ...list, signature: this.key.sign(priceListBytes(list)) }
    this.lists.set(list.version, this.#list)
  }

  /** A deposit that is final; it is credited with `credit`. */
  deposit(amount: bigint): void {
    this.#deposited += amount
    this.#deposits.push({
      ...this.#place(),
      amount: units(amount),
      cumulative: units(this.#deposited),
      depositIndex: BigInt(this.#deposits.length + 1),
    })
  }

  credit(): void {
    this.#credited = this.#deposited
  }

  withdraw(amount: bigint): void {
    this.#withdrawn += amount
    this.#withdrawals.push(this.#payout(amount, this.#withdrawn))
  }

  settle(amount: bigint): void {
    this.#settled += amount
    this.#settlements.push(this.#payout(amount, this.#settled))
  }

  get unsettled(): bigint {
    return this.#spent - this.#settled
  }

  openSession(limit: bigint | null): void {
    const issuedAt = new Date(this.now).toISOString()
    const message = sessionText({
      ...PARTY,
      pubkey: AGENT.pubkey,
      terms: {
        spendLimit: limit === null ? null : units(limit),
        ttlSeconds: 86_400,
        models: ['small', 'large'],
        label: null,
      },
      nonce: this.#name('sessionnonce'),
      issuedAt,
      expiresAt: new Date(this.now + 300_000).toISOString(),
    })
    this.#session = this.#name('ses')
    this.sessions.set(this.#session, { message, signature: AGENT.sign(message) })
  }

  call({ model, tokens, asking, capped = 0n }: CallStep): void {
    const list = this.#list
    if (list === null) throw new Error('there is no price list')
    const startedAt = this.now
    this.pass(250)
    const counted = { ...NO_TOKENS, ...tokens }
    const cost = costOf(list, model, counted)
    const held = capped > 0n && capped < cost ? cost - capped : null
    const charged = held ?? cost
    const body = `{"model":"${model}","n":${this.receipts.length}}`
    this.#issue({
      request_id: this.#name('req'),
      provider: 'openai',
      upstream_id: this.receipts.length % 3 === 0 ? null : this.#name('up'),
      model,
      outcome: 'completed',
      tokens: counted,
      price_version: list.version,
      charge: charged.toString(),
      ...(held === null ? {} : { held: held.toString() }),
      request_digest: digestOf(body),
      response_digest: digestOf(`answer to ${body}`),
      auth: this.#auth(asking, body, startedAt, list.version),
      started_at: new Date(startedAt).toISOString(),
    })
  }

  /** Takes back a charge, as far as it is not settled. */
  correct(seq: number): void {
    const corrected = this.receipts[seq - 1]?.receipt['charge']
    const amount = least(BigInt(String(corrected ?? 0)), this.unsettled)
    if (amount > 0n) this.#issue({ charge: (-amount).toString(), corrects: seq })
  }

  #issue(document: Document & { readonly charge: string }): void {
    this.#spent += BigInt(document.charge)
    const before = this.receipts.at(-1)?.receipt as Receipt | undefined
    const receipt: Document = {
      v: 1,
      gateway: PARTY.gateway,
      agent: PARTY.agent,
      seq: this.receipts.length + 1,
      prev: before === undefined ? FIRST_PREV : receiptDigest(receiptBytes(receiptText(before))),
      ...document,
      spent: this.#spent.toString(),
      balance_after: this.free.toString(),
      ended_at: new Date(this.now).toISOString(),
    }
    this.receipts.push(signed(receipt, this.key))
  }

  #auth(asking: Asking, body: string, at: number, version: string): Document {
    if (asking === 'session') {
      if (this.#session === null) this.openSession(null)
      return { session: this.#session }
    }
    const digest = createHash('sha256').update(body).digest()
    const nonce = this.#name('noncenoncenonce')
    const sent = { method: 'POST', target: '/v1/chat/completions', nonce }
    if (asking === 'message signature') return messageAuth(sent, digest, at)
    const issuedAt = new Date(at - 400).toISOString()
    const bound = asking === 'price-bound signature' ? { priceVersion: version } : {}
    const text = requestText({
      ...PARTY,
      ...sent,
      pubkey: AGENT.pubkey,
      issuedAt,
      bodySha256: digest,
      ...bound,
    })
    const price = 'priceVersion' in bound ? { price_version: version } : {}
    return { ...sent, issued_at: issuedAt, signature: AGENT.sign(text), ...price }
  }

  evidence(): Evidence {
    const answered = (target: string, body: unknown): Answered => ({
      kind: 'answered',
      target,
      body: structuredClone(body),
    })
    const list = (asked: string | null, body: unknown) => ({
      asked,
      answer: answered(`GET /v1/pricing${asked === null ? '' : `?version=${asked}`}`, body),
    })
    const sessions = [...this.sessions].map(
      ([id, proof]) => [id, answered(`GET /v1/sessions/${id}`, { id, proof })] as const,
    )
    return {
      party: PARTY,
      receipts: structuredClone(this.receipts),
      receiptTroubles: [],
      kept: [],
      prices: [
        list(null, this.#list),
        ...[...this.lists].map(([version, body]) => list(version, body)),
      ],
      balance: answered('GET /v1/balance', {
        available: this.free.toString(),
        held: '0',
        frozen: '0',
        spent: this.#spent.toString(),
        deposited: this.#credited.toString(),
      }),
      sessions: new Map(sessions),
      listedSessions: null,
      openedSessions: null,
      chain: {
        slot: this.#slot,
        vault:
          this.#deposits.length === 0
            ? null
            : {
                address: VAULT,
                deposited: units(this.#deposited),
                settled: units(this.#settled),
                withdrawn: units(this.#withdrawn),
              },
        tokens: units(this.#deposited - this.#settled - this.#withdrawn),
        deposits: [...this.#deposits],
        settlements: [...this.#settlements],
        withdrawals: [...this.#withdrawals],
        receiptKeys: [...this.#receiptKeys],
        receiptKey: this.key.pubkey,
        gateway: PARTY.gateway,
        keysComplete: true,
      },
      collectedFrom: this.now,
      collectedUntil: this.now,
    }
  }

  #payout(amount: bigint, total: bigint): ChainPayout {
    return { ...this.#place(), amount: units(amount), cumulative: units(total) }
  }

  #place() {
    this.#slot += 1
    const transaction = this.#name('transaction')
    return { transaction, slot: this.#slot, timeSeconds: Math.floor(this.now / 1000) }
  }

  #name(kind: string): string {
    this.#names += 1
    return `${kind}${String(this.#names).padStart(6, '0')}`
  }
}

/** A document under a key's signature. */
export function signed(receipt: Document, key: TestKey): Delivered {
  return { receipt, signature: key.sign(receiptBytes(receiptText(receipt as unknown as Receipt))) }
}

function messageAuth(
  sent: { method: string; target: string; nonce: string },
  digest: Buffer,
  at: number,
) {
  const created = Math.floor(at / 1000)
  const signatureInput =
    `("@method" "@target-uri" "content-digest");created=${created};` +
    `nonce="${sent.nonce}";keyid="${AGENT.pubkey}"`
  const base = [
    `"@method": ${sent.method}`,
    `"@target-uri": ${ORIGIN}${sent.target}`,
    `"content-digest": sha-256=:${digest.toString('base64')}:`,
    `"@signature-params": ${signatureInput}`,
  ].join('\n')
  return {
    ...sent,
    issued_at: new Date(created * 1000).toISOString(),
    signature: AGENT.sign(base),
    signature_input: signatureInput,
  }
}

/** By hand, so that a mistake of the product is not repeated here. */
function costOf(list: PriceListBody, model: string, tokens: Tokens): bigint {
  const stated = (list.models as Record<string, Record<string, unknown>>)[model] ?? {}
  const sent = tokens.input + tokens.cached_input + tokens.cache_write + tokens.cache_write_1h
  const long = stated['long_context'] as Record<string, string | number> | undefined
  const tier = long !== undefined && sent > Number(long['above']) ? long : stated
  const price = (name: string) => BigInt(String(tier[name]))
  const hour = price('cache_write')
  const priced: Tokens = tokens
  const amounts = [
    BigInt(priced.input) * price('input'),
    BigInt(priced.cached_input) * price('cached_input'),
    BigInt(priced.cache_write) * price('cache_write'),
    BigInt(priced.cache_write_1h) * hour,
    BigInt(priced.output) * price('output'),
  ]
  const sum = amounts.reduce((total, amount) => total + amount, 0n)
  return (sum + 999_999n) / 1_000_000n
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}
