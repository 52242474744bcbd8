/** Reads the stream of a chat completion. Source: OpenAI's API reference; platform facts, "Providers' usage". */
import type { MeterTerms, StreamEnd, UsageReading } from './format.ts'
import { generatedBytes } from './generated-bytes.ts'
import { isObject, type JsonObject, parseObject } from './json.ts'
import { CHAT_USAGE } from './openai-usage.ts'
import type { SseEvent } from './sse.ts'
import { PASS, type StreamObserver, type Verdict } from './stream-meter.ts'
import { costSplice } from './usage-cost.ts'
import { type Counted, NOTHING_COUNTED, readOpenAiUsage, upstreamId } from './usage-counts.ts'

/**
 * Usage stands on a chunk without choices, which is stripped where the client did not ask for it. Backends that put it
 * on a chunk with choices are met too: such a chunk passes, with the cost in its usage. The last complete usage wins.
 * The `usage: null` of other chunks, which comes of asking, is left as it is.
 */
export class ChatStreamObserver implements StreamObserver {
  readonly #terms: MeterTerms
  #counted: Counted = NOTHING_COUNTED
  #id: string | null = null
  #outputBytes = 0
  #done = false
  #failed = false
  #finished = false

  constructor(terms: MeterTerms) {
    this.#terms = terms
  }

  get ended(): boolean {
    return this.#done || this.#failed
  }

  /** Some backends close without `[DONE]`: a finish reason says as well that the model came to its end. */
  end(): StreamEnd {
    if (this.#failed) return 'failed'
    return this.#done || this.#finished ? 'completed' : 'cut'
  }

  reading(): UsageReading {
    return { ...this.#counted, upstreamId: this.#id, outputBytes: this.#outputBytes }
  }

  observe(event: SseEvent): Verdict {
    const text = event.data.toString('utf8')
    if (text.trim() === '[DONE]') {
      this.#done = true
      return PASS
    }
    const chunk = parseObject(text) ?? {}
    this.#id ??= upstreamId(chunk)
    if (isObject(chunk['error']) || event.name === 'error') this.#failed = true
    const choices = Array.isArray(chunk['choices']) ? chunk['choices'] : []
    for (const choice of choices) this.#readChoice(choice)
    return this.#readUsage(event, chunk, choices.length > 0)
  }

  #readChoice(choice: unknown): void {
    if (!isObject(choice)) return
    this.#outputBytes += generatedBytes(choice['delta'])
    if (typeof choice['finish_reason'] === 'string') this.#finished = true
  }

  #readUsage(event: SseEvent, chunk: JsonObject, hasChoices: boolean): Verdict {
    if (!isObject(chunk['usage'])) return PASS
    const counted = readOpenAiUsage(chunk['usage'], CHAT_USAGE)
    if (counted.tokens !== null || this.#counted.tokens === null) this.#counted = counted
    if (!hasChoices && !this.#terms.clientWantsUsage) return { kind: 'strip' }
    if (counted.tokens === null) return PASS
    const splice = costSplice(event.data, ['usage'], this.#terms.charge(counted.tokens))
    return splice === null ? PASS : { kind: 'rewrite', splice }
  }
}
