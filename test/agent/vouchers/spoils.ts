/** What a lying gateway does to its answers. */
import { sign } from 'node:crypto'
import type { Agent } from '../../../src/agent/index.ts'
import { receiptBytes, receiptText } from '../../../src/proof/receipt.ts'
import { RECEIPT_KEY } from '../../support/receipt-key.ts'
import type { Spoil } from './site.ts'

const CHAT = {
  model: 'gpt-4o-mini',
  messages: [{ role: 'user', content: 'Say hello' }],
  max_completion_tokens: 100,
}
/** The body of the call that every test makes. */
export const CHAT_TEXT = JSON.stringify(CHAT)
/** A unit for each byte, two for each token out. */
export const CHAT_BOUND = BigInt(CHAT_TEXT.length) + 200n
export const TARGET = '/v1/chat/completions'

/** Makes the call. */
export function post(agent: Agent): Promise<Response> {
  const headers = { 'content-type': 'application/json' }
  return agent.fetch(TARGET, { method: 'POST', headers, body: CHAT_TEXT })
}

export type Loose = Record<string, unknown>

/** Rewrites the receipt in an answer's header; signed anew where the gateway itself lies. */
export function withReceipt(change: (receipt: Loose) => Loose, resign = true): Spoil {
  return async (_, answer) => {
    const response = await answer()
    const header = response.headers.get('x-receipt')
    if (header === null) return response
    const delivered = JSON.parse(Buffer.from(header, 'base64').toString()) as {
      receipt: Loose
      signature: string
    }
    const receipt = change({ ...delivered.receipt })
    const bytes = receiptBytes(receiptText(receipt as never))
    const signature = resign
      ? sign(null, bytes, RECEIPT_KEY).toString('base64')
      : delivered.signature
    const headers = new Headers(response.headers)
    headers.set('x-receipt', Buffer.from(JSON.stringify({ receipt, signature })).toString('base64'))
    return new Response(await response.text(), { status: response.status, headers })
  }
}

/** Rewrites every JSON answer of one target. */
export function withJson(of: string, change: (body: Loose) => unknown): Spoil {
  return async (target, answer) => {
    const response = await answer()
    if (target !== of) return response
    const body = (await response.json()) as Loose
    return new Response(JSON.stringify(change(body)), response)
  }
}

/** A 402 that asks for a voucher of this total, whatever was sent. */
export function demanding(cumulative: bigint, agent: () => string, vault?: string): Spoil {
  return async (target, answer) => {
    const response = await answer()
    if (target !== TARGET) return response
    const terms = await fetch(new URL(`/v1/deposit?pubkey=${agent()}`, response.url))
    const payment = (await terms.json()) as Loose
    const authorize = {
      vault: vault ?? payment['vault'],
      cumulative: String(cumulative),
      signed: '0',
    }
    const figures = { required: '1', available: '1', shortfall: '0', affordable_max_tokens: 0 }
    const error = { code: 'authorization_required', message: 'more' }
    return new Response(JSON.stringify({ error, payment: { ...payment, ...figures, authorize } }), {
      status: 402,
    })
  }
}
