/** Which nonces a gateway keeps in memory: those of calls that hold nothing. */
import { expect } from 'vitest'
import { openAiChat } from '../../src/formats/openai-chat.ts'
import { NonceWindow } from '../../src/identity/nonce-window.ts'
import type { KeyedRequest } from '../../src/ledger/idempotency-ledger.ts'
import { units, ZERO } from '../../src/money.ts'
import type { ModelTerms } from '../../src/prices/price-list.ts'
import { spendNonce } from '../../src/request/authenticate.ts'
import { hold } from '../../src/request/hold.ts'
import { everyLedger } from '../ledger/backends.ts'
import { AGENT, funded, holdRequest, keyedRequest, NOW, PRICES } from '../ledger/facts.ts'

const price = units(1_000_000n)
const MODEL: ModelTerms = {
  id: 'gpt-4o-mini',
  provider: 'openai',
  formats: ['openai-chat'],
  prices: {
    input: price,
    cached_input: price,
    cache_write: price,
    cache_write_1h: price,
    output: price,
  },
  hasHourCache: false,
  longContext: null,
  contextWindow: 128_000,
  maxOutputTokens: 16_384,
  toolPromptTokens: 0,
  imageTokensMax: null,
  documentPageTokensMax: null,
}

function askedCall(nonce: string, outputTokensMax: number, keyed: KeyedRequest | null = null) {
  const { auth, requestDigest: bodyDigest } = holdRequest(nonce)
  const caller = {
    agent: AGENT,
    auth,
    nonce: { value: nonce, forgetAt: NOW + 180_000 },
    session: null,
    priceVersion: null,
  }
  const body = { model: MODEL.id, messages: [{ role: 'user', content: 'Hi' }] }
  const planned = openAiChat.plan(
    Buffer.from(JSON.stringify({ ...body, max_tokens: outputTokensMax })),
  )
  if (planned.kind === 'refused') throw new Error(planned.refusal.message)
  const call = { format: openAiChat, plan: planned.plan, model: MODEL, priceVersion: PRICES }
  return {
    requestId: `call with ${nonce}`,
    asked: { caller, bodyDigest, voucher: null },
    keyed,
    call: { ...call, headers: {} },
  }
}

everyLedger(
  'A2: $name: a nonce is kept in memory until a hold has spent it, and is refused ever after',
  async (backend) => {
    const ledger = await funded(backend, 10_000n)
    const nonces = new NonceWindow()
    const admission = { requireVouchers: false, settleMarginSeconds: 0 }
    const parts = { ledger, nonces, admission, now: () => NOW }
    for (const nonce of ['held', 'refused', 'recalled']) {
      expect(await spendNonce(parts, { agent: AGENT, nonce }, NOW, 'other')).toBeNull()
    }

    const keyed = keyedRequest('one')
    expect((await hold(parts, askedCall('held', 100, keyed))).kind).toBe('held')
    expect((await hold(parts, askedCall('recalled', 100, keyed))).kind).toBe('recalled')
    expect((await hold(parts, askedCall('refused', 16_000))).kind).toBe('refused')
    expect(nonces.size).toBe(2)

    for (const nonce of ['held', 'refused', 'recalled']) {
      const again = await spendNonce(parts, { agent: AGENT, nonce }, NOW, 'other')
      expect(again?.code).toBe('replayed_nonce')
    }
    expect((await ledger.balance(AGENT)).held).toBeGreaterThan(ZERO)
  },
)
