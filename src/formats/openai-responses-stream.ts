/** Reads the stream of a Response. Source: OpenAI's API reference, "Streaming events"; platform facts. */
import type { MeterTerms, StreamEnd, UsageReading } from './format.ts'
import { generatedBytes } from './generated-bytes.ts'
import { isObject, type JsonObject, parseObject } from './json.ts'
import { RESPONSES_USAGE } from './openai-usage.ts'
import type { SseEvent } from './sse.ts'
import { PASS, type StreamObserver, type Verdict } from './stream-meter.ts'
import { costSplice } from './usage-cost.ts'
import { type Counted, NOTHING_COUNTED, readOpenAiUsage, upstreamId } from './usage-counts.ts'

/** The events that end a stream. A response that was cut off by its cap is complete as far as money goes. */
const ENDS: ReadonlyMap<string, StreamEnd> = new Map([
  ['response.completed', 'completed'],
  ['response.incomplete', 'completed'],
  ['response.failed', 'failed'],
  ['error', 'failed'],
])

/** Usage stands in the `response` of the terminal event, whichever it is [M3]; it always gains the cost. */
export class ResponsesStreamObserver implements StreamObserver {
  readonly #terms: MeterTerms
  #counted: Counted = NOTHING_COUNTED
  #id: string | null = null
  #outputBytes = 0
  #end: StreamEnd = 'cut'

  constructor(terms: MeterTerms) {
    this.#terms = terms
  }

  get ended(): boolean {
    return this.#end !== 'cut'
  }

  end(): StreamEnd {
    return this.#end
  }

  reading(): UsageReading {
    return { ...this.#counted, upstreamId: this.#id, outputBytes: this.#outputBytes }
  }

  observe(event: SseEvent): Verdict {
    const data = parseObject(event.data.toString('utf8')) ?? {}
    const type = typeof data['type'] === 'string' ? data['type'] : event.name
    this.#end = ENDS.get(type) ?? this.#end
    if (type.endsWith('.delta')) this.#outputBytes += generatedBytes(data['delta'])
    // A tool's name comes with the item; its arguments and all texts come as deltas.
    if (type === 'response.output_item.added' && isObject(data['item'])) {
      this.#outputBytes += generatedBytes(data['item']['name'])
    }
    return isObject(data['response']) ? this.#readResponse(event, data['response']) : PASS
  }

  #readResponse(event: SseEvent, response: JsonObject): Verdict {
    this.#id ??= upstreamId(response)
    const counted = readOpenAiUsage(response['usage'], RESPONSES_USAGE)
    if (counted.inputTokens === null) return PASS
    if (counted.tokens !== null || this.#counted.tokens === null) this.#counted = counted
    if (counted.tokens === null) return PASS
    const path = ['response', 'usage']
    const splice = costSplice(event.data, path, this.#terms.charge(counted.tokens))
    return splice === null ? PASS : { kind: 'rewrite', splice }
  }
}
