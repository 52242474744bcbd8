/** What tests ask of a format: the plan of a body, its refusal, and what would go upstream. */
import { expect } from 'vitest'
import type { Refusal } from '../../src/errors.ts'
import { anthropicCountTokens } from '../../src/formats/anthropic-count-tokens.ts'
import { anthropicMessages } from '../../src/formats/anthropic-messages.ts'
import type { CallPlan, Format } from '../../src/formats/format.ts'
import { openAiChat } from '../../src/formats/openai-chat.ts'
import { openAiEmbeddings } from '../../src/formats/openai-embeddings.ts'
import { openAiResponses } from '../../src/formats/openai-responses.ts'

export type Body = { readonly [name: string]: unknown }

export const CHAT = { model: 'm', messages: [{ role: 'user', content: 'hi' }] }
export const RESPONSES = { model: 'm', input: 'hi' }
export const EMBEDDINGS = { model: 'm', input: 'hi' }
const COUNT_TOKENS = { model: 'm', messages: [{ role: 'user', content: 'hi' }] }
export const MESSAGES = { ...COUNT_TOKENS, max_tokens: 9 }

/** Each format with a body that it accepts. */
export const SMALLEST: readonly (readonly [name: string, format: Format, body: Body])[] = [
  ['openai-chat', openAiChat, CHAT],
  ['openai-responses', openAiResponses, RESPONSES],
  ['openai-embeddings', openAiEmbeddings, EMBEDDINGS],
  ['anthropic-messages', anthropicMessages, MESSAGES],
  ['anthropic-count-tokens', anthropicCountTokens, COUNT_TOKENS],
]

export function planOf(format: Format, body: Body | string): CallPlan {
  const outcome = format.plan(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)))
  if (outcome.kind === 'refused') throw new Error(outcome.refusal.message)
  return outcome.plan
}

export function refusalOf(format: Format, body: Body | string): Refusal {
  const outcome = format.plan(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)))
  expect(outcome.kind, JSON.stringify(body)).toBe('refused')
  if (outcome.kind === 'planned') throw new Error('planned')
  return outcome.refusal
}

/** The bytes that would go upstream, as text. */
export function forwarded(format: Format, body: Body | string, cap: number): string {
  return Buffer.from(planOf(format, body).forward(cap)).toString('utf8')
}
