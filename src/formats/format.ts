/**
 * What a wire format of a provider must answer, so that a call in it can be bounded, forwarded and metered.
 * One file a format; a new one is one new file and one line in `registry.ts`.
 * A format knows nothing of models, prices or accounts: it counts, `prices/` multiplies.
 */
import type { Refusal } from '../errors.ts'
import type { Tokens, Units } from '../money.ts'

/** How errors and usage are shaped for the client. */
export type Dialect = 'openai' | 'anthropic'

/**
 * The longest cache write that the call can be billed for; decides the dearest input class of the worst case. `5m`
 * stands for the class `cache_write`, also where a provider caches unasked (OpenAI, 30 minutes).
 */
export type CacheWrite = 'none' | '5m' | '1h'

/** What bounds the input of a call, before any model is looked at. Source: wire contract, "Calls". */
export interface InputBounds {
  /**
   * Bytes that bound the text tokens from above: those of the body as the client sent it, and an allowance for each tool
   * whose definition the provider writes.
   */
  readonly bytes: number
  /** Inline images, each worth at most the model's stated maximum. */
  readonly images: number
  /**
   * Pages of inline PDFs: the most that the provider reads of one request, 0 without a PDF. Their bytes are no bound,
   * since a compressed file can repeat a page at no cost.
   */
  readonly documentPages: number
  /** Whether the provider adds its prompt for tools or structured output (the model's constant). */
  readonly tools: boolean
  readonly cacheWrite: CacheWrite
}

/** What bounds the output of a call. */
export interface OutputBounds {
  /** The cap that the client sent, in tokens per choice; null where it sent none; 0 for formats without output. */
  readonly cap: number | null
  /** How many choices are generated, each up to the cap. */
  readonly choices: number
  /** Output tokens that can be billed beyond the cap (rejected predictions). */
  readonly extra: number
}

/** A request body that every rule accepted. */
export interface CallPlan {
  readonly model: string
  readonly stream: boolean
  readonly input: InputBounds
  readonly output: OutputBounds
  /** Whether the client asked for the stream's usage itself; if not, the chunk is stripped. */
  readonly clientWantsUsage: boolean
  /**
   * The bytes to send to the provider: the client's own with the cap written in where it was absent, usage asked for,
   * `store` false and so on. `cap` is tokens per choice and equals `output.cap` where that is not null.
   */
  forward(cap: number): Uint8Array
}

export type PlanOutcome =
  | { readonly kind: 'planned'; readonly plan: CallPlan }
  | { readonly kind: 'refused'; readonly refusal: Refusal }

/** What a provider said of a call. */
export interface UsageReading {
  /** Null when no complete usage was seen: then the published policy charges (docs/billing.md). */
  readonly tokens: Tokens | null
  /** Input tokens known even where `tokens` is null (Anthropic's message_start), all classes but output. */
  readonly inputTokens: Tokens | null
  readonly upstreamId: string | null
  /** UTF-8 bytes of generated content (text, reasoning, tool arguments) seen so far: they bound its tokens from above. */
  readonly outputBytes: number
}

/** How a stream ended, as far as its bytes tell. */
export type StreamEnd = 'completed' | 'failed' | 'cut'

/**
 * Reads a stream as it passes. The bytes handed out, concatenated, and the reading are the same for every split of
 * the input (M1). Nothing is handed out but the original bytes, save the usage chunk, which gains `cost` or is stripped.
 */
export interface StreamMeter {
  /** Takes bytes of the provider, returns bytes for the client (possibly none). */
  push(chunk: Uint8Array): Uint8Array
  /** The provider's end of stream: returns what was still held back. */
  finish(): Uint8Array
  /** True once the terminal event (`[DONE]`, message_stop, response.completed, an error) has been seen. */
  readonly ended: boolean
  reading(): UsageReading & { readonly end: StreamEnd }
}

/** What a stream meter is told of the call. */
export interface MeterTerms {
  readonly clientWantsUsage: boolean
  /** The charge that these tokens will be settled at (capped by the hold), written into the usage chunk. */
  charge(tokens: Tokens): Units
}

export type HeaderOutcome =
  | { readonly kind: 'forward'; readonly headers: Readonly<Record<string, string>> }
  | { readonly kind: 'refused'; readonly refusal: Refusal }

export interface Format {
  /** `openai-chat`, `anthropic-messages`, … */
  readonly name: string
  readonly dialect: Dialect
  /** The gateway's own path, e.g. `/v1/chat/completions`. */
  readonly target: string
  /** The path below the provider's base URL, e.g. `/chat/completions`. */
  readonly upstreamPath: string
  /** False for free calls (`count_tokens`), which are forwarded and never metered. */
  readonly billed: boolean
  /**
   * Applies the cost rule of every parameter. `body` is the client's bytes, untouched. Refusals: `invalid_json`,
   * `invalid_request`, `unsupported_parameter`, with the parameter's path in `param`.
   */
  plan(body: Uint8Array): PlanOutcome
  /**
   * The allow-listed headers that go upstream beside those that the gateway writes itself (credentials, content type);
   * a priced or unknown beta value is refused.
   */
  forwardHeaders(get: (name: string) => string | undefined): HeaderOutcome
  /** Usage of a complete non-streaming body; `tokens` null when there is none. Never throws on hostile input. */
  readBody(body: Uint8Array): UsageReading
  /** The body with `usage.cost` (USD) added, every other byte the same; the body itself when it carries no usage. */
  withCost(body: Uint8Array, charge: Units): Uint8Array
  meterStream(terms: MeterTerms): StreamMeter
}
