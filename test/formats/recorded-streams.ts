/** Every recorded stream with what must be read from it. Costs and bytes are worked out by hand from the prices below. */
import { readFileSync } from 'node:fs'
import { anthropicMessages } from '../../src/formats/anthropic-messages.ts'
import type { Format, StreamEnd } from '../../src/formats/format.ts'
import { openAiChat } from '../../src/formats/openai-chat.ts'
import { openAiResponses } from '../../src/formats/openai-responses.ts'
import { NO_TOKENS, type TokenPrices, type Tokens, units } from '../../src/money.ts'

const OPENAI_PRICES: TokenPrices = {
  input: units(150_000n),
  cached_input: units(75_000n),
  cache_write: units(187_500n),
  cache_write_1h: units(187_500n),
  output: units(600_000n),
}

const ANTHROPIC_PRICES: TokenPrices = {
  input: units(3_000_000n),
  cached_input: units(300_000n),
  cache_write: units(3_750_000n),
  cache_write_1h: units(6_000_000n),
  output: units(15_000_000n),
}

export interface RecordedStream {
  readonly file: string
  readonly format: Format
  readonly prices: TokenPrices
  readonly clientWantsUsage: boolean
  readonly tokens: Tokens | null
  readonly inputTokens: Tokens | null
  readonly end: StreamEnd
  readonly upstreamId: string
  readonly outputBytes: number
  /** Texts of the stream and what the client gets in their place; each stands exactly once. */
  readonly changes: readonly (readonly [from: string, to: string])[]
}

type Given = Partial<Tokens> | null

function recorded(
  file: string,
  format: Format,
  prices: TokenPrices,
  upstreamId: string,
  said: {
    tokens: Given
    input?: Given
    end: StreamEnd
    bytes: number
    changes?: RecordedStream['changes']
    wantsUsage?: boolean
  },
): RecordedStream {
  const tokens = said.tokens && { ...NO_TOKENS, ...said.tokens }
  return {
    file,
    format,
    prices,
    clientWantsUsage: said.wantsUsage ?? true,
    tokens,
    inputTokens: said.input ? { ...NO_TOKENS, ...said.input } : tokens && { ...tokens, output: 0 },
    end: said.end,
    upstreamId,
    outputBytes: said.bytes,
    changes: said.changes ?? [],
  }
}

type Said = Parameters<typeof recorded>[4]

const chat = (file: string, said: Said) =>
  recorded(file, openAiChat, OPENAI_PRICES, 'chatcmpl-BtwB7aSMzJ', said)

const responses = (file: string, said: Said) =>
  recorded(file, openAiResponses, OPENAI_PRICES, 'resp_68790f1ae4', said)

const messages = (file: string, said: Said) =>
  recorded(file, anthropicMessages, ANTHROPIC_PRICES, 'msg_01XFDUDYJg', said)

/** The line of the usage chunk of a recorded chat, blank line included. */
function usageChunk(file: string): string {
  const chunk = /data: [^\n]*"choices":\[\],"usage":\{[^\n]*\n\n/.exec(streamText(file))
  if (chunk === null) throw new Error(`${file} has no usage chunk`)
  return chunk[0]
}

/** A recorded stream as text, line ends as recorded (LF). */
export function streamText(file: string): string {
  return readFileSync(new URL(`./streams/${file}`, import.meta.url), 'utf8')
}

const CHAT_TEXT_TOKENS = { input: 256, cached_input: 1024, cache_write: 256, output: 9 }
const DETAILS_END = '"rejected_prediction_tokens":0}'

export const RECORDED_STREAMS: readonly RecordedStream[] = [
  chat('chat-text.sse', {
    tokens: CHAT_TEXT_TOKENS,
    end: 'completed',
    bytes: 24,
    changes: [[`${DETAILS_END}}`, `${DETAILS_END},"cost":0.000169}`]],
  }),
  chat('chat-text.sse', {
    tokens: CHAT_TEXT_TOKENS,
    end: 'completed',
    bytes: 24,
    wantsUsage: false,
    changes: [[usageChunk('chat-text.sse'), '']],
  }),
  chat('chat-tools.sse', {
    tokens: { input: 92, output: 41 },
    end: 'completed',
    bytes: 39,
    changes: [[`${DETAILS_END}}`, `${DETAILS_END},"cost":0.000039}`]],
  }),
  chat('chat-choices.sse', {
    tokens: { input: 14, output: 6 },
    end: 'completed',
    bytes: 12,
    changes: [[`${DETAILS_END}}`, `${DETAILS_END},"cost":0.000006}`]],
  }),
  chat('chat-reasoning.sse', {
    tokens: { input: 20, output: 300 },
    end: 'completed',
    bytes: 15,
    wantsUsage: false,
    changes: [[usageChunk('chat-reasoning.sse'), '']],
  }),
  chat('chat-refusal.sse', {
    tokens: { input: 31, output: 7 },
    end: 'completed',
    bytes: 13,
    changes: [[`${DETAILS_END}}`, `${DETAILS_END},"cost":0.000009}`]],
  }),
  chat('chat-no-usage.sse', { tokens: null, end: 'completed', bytes: 2 }),
  chat('chat-error.sse', { tokens: null, end: 'failed', bytes: 9 }),
  chat('chat-cut.sse', { tokens: null, end: 'cut', bytes: 4 }),
  chat('chat-usage-on-choice.sse', {
    tokens: { input: 11, output: 2 },
    end: 'completed',
    bytes: 3,
    wantsUsage: false,
    changes: [['"total_tokens":13}', '"total_tokens":13,"cost":0.000003}']],
  }),
  chat('chat-usage-twice.sse', {
    tokens: { input: 11, output: 3 },
    end: 'completed',
    bytes: 2,
    changes: [
      ['"total_tokens":12}', '"total_tokens":12,"cost":0.000003}'],
      ['"total_tokens":13}', '"total_tokens":13,"cost":0.000003}'],
      ['"total_tokens":14}', '"total_tokens":14,"cost":0.000004}'],
    ],
  }),
  chat('chat-bom-multiline.sse', {
    tokens: { input: 3, output: 1 },
    end: 'completed',
    bytes: 2,
    changes: [['"total_tokens":4}', '"total_tokens":4,"cost":0.000002}']],
  }),
  responses('responses-completed.sse', {
    tokens: { input: 512, cached_input: 1024, cache_write: 512, output: 120 },
    end: 'completed',
    bytes: 51,
    changes: [['"total_tokens":2168}', '"total_tokens":2168,"cost":0.000322}']],
  }),
  responses('responses-incomplete.sse', {
    tokens: { input: 30, output: 16 },
    end: 'completed',
    bytes: 13,
    changes: [['"total_tokens":46}', '"total_tokens":46,"cost":0.000015}']],
  }),
  responses('responses-failed.sse', {
    tokens: { input: 30, output: 1 },
    end: 'failed',
    bytes: 2,
    changes: [['"total_tokens":31}', '"total_tokens":31,"cost":0.000006}']],
  }),
  responses('responses-failed-bare.sse', { tokens: null, end: 'failed', bytes: 0 }),
  responses('responses-error.sse', { tokens: null, end: 'failed', bytes: 2 }),
  messages('anthropic-thinking.sse', {
    tokens: { input: 44, output: 57 },
    end: 'completed',
    bytes: 31,
    changes: [['{"output_tokens":57}', '{"output_tokens":57,"cost":0.000987}']],
  }),
  messages('anthropic-tools-cached.sse', {
    tokens: {
      input: 11,
      cached_input: 1024,
      cache_write: 512,
      cache_write_1h: 256,
      output: 33,
    },
    end: 'completed',
    bytes: 38,
    changes: [
      ['"output_tokens":20}', '"output_tokens":20,"cost":0.004097}'],
      ['"output_tokens":33}', '"output_tokens":33,"cost":0.004292}'],
    ],
  }),
  messages('anthropic-error.sse', {
    tokens: null,
    input: { input: 25 },
    end: 'failed',
    bytes: 3,
  }),
  messages('anthropic-error-after-usage.sse', {
    tokens: { input: 25, output: 4 },
    end: 'failed',
    bytes: 3,
    changes: [['{"output_tokens":4}', '{"output_tokens":4,"cost":0.000135}']],
  }),
  messages('anthropic-cut.sse', { tokens: null, input: { input: 25 }, end: 'cut', bytes: 3 }),
]
