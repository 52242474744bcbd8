/** The provider that a gateway under test is pointed at: it answers what a check told it to, byte by byte. */

export type CallFormat =
  | 'openai-chat'
  | 'openai-responses'
  | 'openai-embeddings'
  | 'anthropic-messages'

/** What the provider does next with an answer that it has begun. */
export type Act =
  | { readonly kind: 'write'; readonly bytes: Uint8Array }
  /** Goes on when the check calls `go`. */
  | { readonly kind: 'wait' }
  /** Says nothing more and keeps the connection open. */
  | { readonly kind: 'stall' }
  /** Cuts the connection. */
  | { readonly kind: 'cut' }

export interface Script {
  /** 0: no status line is ever sent; an act may still stall or cut, and after the last one the connection is cut. */
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** After the last one the answer ends. */
  readonly acts: readonly Act[]
}

/** A request as the gateway forwarded it. */
export interface Forwarded {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/** One scripted answer, found by its marker in the body of the forwarded request. */
export interface Play {
  /** Put this into the prompt. */
  readonly marker: string
  /** What came with the marker so far, retries included. */
  readonly requests: readonly Forwarded[]
  /** Bytes of the answer's body that the connection has taken so far, all requests together. */
  readonly bytesTaken: number
  /** Resolves when the first request came. */
  readonly begun: Promise<Forwarded>
  /** Resolves when the gateway has closed the connection of a request before its answer's end: Unix milliseconds. */
  readonly aborted: Promise<number>
  /** Lets a waiting answer go on; said ahead, the next wait is passed at once. */
  go(): void
  /** Forgets the script, and cuts what is still being answered with it. */
  end(): void
}

export interface PlayedProvider {
  /** `http://127.0.0.1:port`: Anthropic's base URL; OpenAI's is this plus `/v1`. */
  readonly url: string
  /** Requests since the start, of whatever marker. */
  readonly count: number
  /** What comes with the marker of this play is answered by the script, each time from its beginning. */
  play(script: Script): Play
  close(): Promise<void>
}
