/** What an agent asks for: a call's body in one of the formats, and what bounds it. */
import type { Dice } from '../dice.ts'
import type { Bounds } from '../oracle/reckoning.ts'
import { PRICE_LISTS } from './price-lists.ts'

export type FormatName =
  | 'openai-chat'
  | 'openai-responses'
  | 'openai-embeddings'
  | 'anthropic-messages'

export interface Ask {
  readonly format: FormatName
  readonly target: string
  readonly model: string
  readonly body: Buffer
  readonly stream: boolean
  /** Null: left to the gateway. */
  readonly cap: number | null
  readonly choices: number
  readonly classes: Bounds['classes']
}

const TARGETS: Readonly<Record<FormatName, string>> = {
  'openai-chat': '/v1/chat/completions',
  'openai-responses': '/v1/responses',
  'openai-embeddings': '/v1/embeddings',
  'anthropic-messages': '/v1/messages',
}

const WORDS = ['vault', 'nonce', 'größe', '料金', 'slot', '🙂', 'hold', 'x', 'receipt', '\\n"', ' ']

export function words(dice: Dice, most: number): string {
  return Array.from({ length: 1 + dice.small(most) }, () => dice.pick(WORDS)).join(' ')
}

export function newAsk(dice: Dice): Ask {
  const format = dice.weighed<FormatName>([
    [4, 'openai-chat'],
    [2, 'openai-responses'],
    [1, 'openai-embeddings'],
    [3, 'anthropic-messages'],
  ])
  const stream = format !== 'openai-embeddings' && dice.percent(60)
  const model = modelFor(dice, format)
  const text = words(dice, 60)
  const cap = 1 + dice.small(200)
  switch (format) {
    case 'openai-chat':
      return chat(dice, { model, text, stream, cap: dice.percent(75) ? cap : null })
    case 'openai-responses': {
      const sent = dice.percent(75) ? cap + 16 : null
      const capped = sent === null ? {} : { max_output_tokens: sent }
      const body = { model, input: text, ...(stream ? { stream } : {}), ...capped }
      return asked(format, body, { stream, cap: sent, choices: 1, classes: OPENAI_CLASSES })
    }
    case 'openai-embeddings': {
      const body = { model, input: text }
      return asked(format, body, { stream, cap: 0, choices: 1, classes: OPENAI_CLASSES })
    }
    case 'anthropic-messages':
      return messages(dice, { model, text, stream, cap })
  }
}

interface Wanted {
  readonly model: string
  readonly text: string
  readonly stream: boolean
}

/** OpenAI's models write caches unasked. */
const OPENAI_CLASSES = ['input', 'cached', 'written'] as const

function chat(dice: Dice, wanted: Wanted & { readonly cap: number | null }): Ask {
  const { model, text, stream, cap } = wanted
  const choices = dice.percent(20) ? dice.whole(2, 3) : 1
  const capName = dice.pick(['max_tokens', 'max_completion_tokens'])
  const body = {
    model,
    messages: [{ role: 'user', content: text }],
    ...(stream ? { stream } : {}),
    ...(stream && dice.percent(50) ? { stream_options: { include_usage: true } } : {}),
    ...(cap === null ? {} : { [capName]: cap }),
    ...(choices === 1 ? {} : { n: choices }),
  }
  return asked('openai-chat', body, { stream, cap, choices, classes: OPENAI_CLASSES })
}

function messages(dice: Dice, wanted: Wanted & { readonly cap: number }): Ask {
  const { model, text, stream, cap } = wanted
  const caches = dice.weighed([
    [6, 'none'],
    [2, '5m'],
    [2, '1h'],
  ])
  const control = { cache_control: { type: 'ephemeral', ttl: caches } }
  const part = { type: 'text', text, ...(caches === 'none' ? {} : control) }
  const body = {
    model,
    max_tokens: cap,
    messages: [{ role: 'user', content: [part] }],
    ...(stream ? { stream } : {}),
  }
  const classes = {
    none: ['input', 'cached'],
    '5m': ['input', 'cached', 'written'],
    '1h': ['input', 'cached', 'written', 'writtenHour'],
  } as const
  const known = caches as keyof typeof classes
  return asked('anthropic-messages', body, { stream, cap, choices: 1, classes: classes[known] })
}

function asked(
  format: FormatName,
  body: { readonly model: string },
  rest: Pick<Ask, 'stream' | 'cap' | 'choices' | 'classes'>,
): Ask {
  const { model } = body
  return {
    format,
    target: TARGETS[format],
    model,
    body: Buffer.from(JSON.stringify(body)),
    ...rest,
  }
}

function modelFor(dice: Dice, format: FormatName): string {
  const [list = {}] = PRICE_LISTS
  const fitting = Object.entries(list).filter(([, { formats }]) => formats.includes(format))
  return dice.pick(fitting)[0]
}
