/**
 * Who serves a call. An adapter is data (`ProviderAddress`); `forward.ts` makes it a `Provider` that can be asked.
 */

/** Where a provider answers, and as whom the operator asks it. */
export interface ProviderAddress {
  /** The name that the price list gives it. */
  readonly name: string
  /** As the provider's own SDK takes it, without a trailing slash. */
  readonly baseUrl: string
  /** What goes before a format's `upstreamPath` below `baseUrl`. */
  readonly pathPrefix: string
  /** Headers that carry the operator's credentials and the fixed protocol version. */
  readonly headers: Readonly<Record<string, string>>
}

/** How long a provider may take, in milliseconds. */
export interface UpstreamTimeouts {
  /** From sending the request to the answer's headers. */
  readonly headersMs: number
  /** Between two pieces of the answer's body. */
  readonly idleMs: number
  /** For the whole call. */
  readonly totalMs: number
}

/** What stops an exchange: as much of an AbortSignal as it takes. */
export interface StopSignal {
  readonly aborted: boolean
  readonly reason: unknown
  addEventListener(type: 'abort', listener: () => void, options?: { once: boolean }): void
  removeEventListener(type: 'abort', listener: () => void): void
}

export interface UpstreamRequest {
  /** The format's `upstreamPath`. */
  readonly path: string
  readonly body: Uint8Array
  /** The allow-listed headers of the client. */
  readonly headers: Readonly<Record<string, string>>
  readonly timeouts: UpstreamTimeouts
  /** Aborting it closes the connection to the provider at once. */
  readonly signal: StopSignal
}

/** How a body ended. `aborted`: by the request's signal. */
export type BodyEnd =
  | { readonly kind: 'ended' }
  | { readonly kind: 'broken'; readonly detail: string }
  | { readonly kind: 'stalled' }
  | { readonly kind: 'aborted' }

/** The body of an answer. Nothing flows before `read`, and nothing while the reader asks for a pause. */
export interface UpstreamBody {
  /** Hands over each piece; a reader that returns false pauses the provider until `resume`. Call once. */
  read(reader: (chunk: Uint8Array) => boolean): Promise<BodyEnd>
  resume(): void
  /** Closes the connection; `read` then resolves with `aborted`, or never started. */
  cancel(): void
}

export type UpstreamAnswer =
  | {
      readonly kind: 'answered'
      readonly status: number
      header(name: string): string | undefined
      readonly body: UpstreamBody
    }
  /** `sent`: whether the request may have reached the provider. */
  | { readonly kind: 'unreachable'; readonly sent: boolean; readonly detail: string }
  | { readonly kind: 'timed_out' }
  | { readonly kind: 'aborted'; readonly sent: boolean }

export interface Provider {
  readonly name: string
  /** Sends once; never retries. Resolves with the answer's headers, or why there are none. */
  send(request: UpstreamRequest): Promise<UpstreamAnswer>
  /** Closes the idle connections. */
  close(): Promise<void>
}
