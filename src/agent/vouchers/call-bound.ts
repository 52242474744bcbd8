/**
 * What a call can cost at most, as the agent reckons it for itself from its own body and the signed prices: nothing that a
 * gateway says of the call enters. Pure. Source: chain contract, "Voucher".
 *
 * Input: a token for each byte of the body. Tools, structured output, images and documents add what their bytes do not
 * tell: the model's context window, once for each image or document, which no provider reads beyond. Output: the cap, or
 * the model's where there is none, times the choices. All of it at the dearest price that can apply.
 */
import { TOKENS_PER_PRICE, type Units, units } from '../../money.ts'
import type { ModelPrices } from '../wire.ts'

type Json = Readonly<Record<string, unknown>>

/** The gateway's paths that cost money. Source: wire contract, "Calls (billed)". */
const BILLED = ['/v1/chat/completions', '/v1/responses', '/v1/embeddings', '/v1/messages']
const CAPS = ['max_completion_tokens', 'max_tokens', 'max_output_tokens']
/** Whatever makes the provider add a prompt of its own. */
const PROMPTED = ['tools', 'functions', 'response_format', 'text', 'output_config']
/** `type`s of content whose tokens are not its bytes. */
const ATTACHED = /image|file|document|audio/

export type CallBound =
  | { readonly kind: 'bounded'; readonly units: Units }
  /** Nothing can be said of it: it is no JSON object, or names a model that the list does not have. */
  | { readonly kind: 'unknown'; readonly reason: string }

/** Whether a request is one that is charged for. */
export function isBilled(method: string, pathname: string): boolean {
  return method === 'POST' && BILLED.includes(pathname)
}

/** The most that this body can be charged at these prices. */
export function callBound(
  body: Uint8Array,
  models: Readonly<Record<string, ModelPrices>>,
): CallBound {
  const text = Buffer.from(body).toString()
  const call = parseObject(text)
  if (call === null) return { kind: 'unknown', reason: 'the body is no JSON object' }
  const name = call['model']
  if (typeof name !== 'string') return { kind: 'unknown', reason: 'the body names no model' }
  const prices = Object.hasOwn(models, name) ? models[name] : undefined
  if (prices === undefined) {
    return { kind: 'unknown', reason: `the signed price list has no model ${name.slice(0, 80)}` }
  }
  const input = inputTokens(call, body.length, prices.context_window)
  const output = outputTokens(call, prices.max_output_tokens)
  const dearest = dearestPrices(prices, text, input)
  const millionths = input * dearest.input + output * dearest.output
  return {
    kind: 'bounded',
    units: units((millionths + TOKENS_PER_PRICE - 1n) / TOKENS_PER_PRICE),
  }
}

function parseObject(text: string): Json | null {
  try {
    const parsed: unknown = JSON.parse(text)
    return typeof parsed === 'object' && parsed !== null ? (parsed as Json) : null
  } catch {
    return null
  }
}

function inputTokens(call: Json, bytes: number, contextWindow: number): bigint {
  const attached = countAttached(call)
  const prompted = PROMPTED.some((name) => call[name] != null)
  const windows = Math.max(attached, prompted ? 1 : 0)
  return BigInt(bytes) + BigInt(windows) * BigInt(contextWindow)
}

/** Images, files and documents, at any depth. Walks without recursion: bodies nest as deep as they like. */
function countAttached(call: Json): number {
  const left: unknown[] = Object.values(call)
  let count = 0
  for (let value = left.pop(); value !== undefined || left.length > 0; value = left.pop()) {
    if (typeof value !== 'object' || value === null) continue
    const { type } = value as Json
    if (typeof type === 'string' && ATTACHED.test(type)) count += 1
    for (const item of Object.values(value)) if (typeof item === 'object') left.push(item)
  }
  return count
}

/** A predicted output is billed for each choice as if it had been generated. */
function outputTokens(call: Json, modelMax: number): bigint {
  const choices = wholeNumber(call['n']) ?? 1
  const cap = CAPS.map((name) => wholeNumber(call[name])).find((found) => found !== null)
  const predicted = call['prediction'] == null ? 0 : JSON.stringify(call['prediction']).length * 4
  return BigInt(choices) * (BigInt(cap ?? modelMax) + BigInt(predicted))
}

function wholeNumber(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null
}

/** Anthropic's models write their cache only when asked to; the others do as they like. */
function dearestPrices(prices: ModelPrices, text: string, input: bigint) {
  const { long_context: long } = prices
  const tiers = [prices, ...(long !== undefined && input > BigInt(long.above) ? [long] : [])]
  const writes = prices.provider !== 'anthropic' || text.includes('"cache_control"')
  const inputs = tiers.flatMap((tier) => [
    tier.input,
    tier.cached_input,
    ...(writes ? [tier.cache_write] : []),
  ])
  const hourly = writes && text.includes('"1h"') ? [prices.cache_write_1h ?? '0'] : []
  return {
    input: greatest([...inputs, ...hourly]),
    output: greatest(tiers.map(({ output }) => output)),
  }
}

function greatest(texts: readonly string[]): bigint {
  return texts.map(BigInt).sort((a, b) => (a < b ? 1 : -1))[0] ?? 0n
}
