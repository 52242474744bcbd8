/** The gateway under test: how it is asked, and what of its money can be seen. */
import type { Audience } from '../identity/signed-text.ts'
import type { CallFormat } from './play.ts'

/** One request as it goes out. `target` is path plus query. */
export interface Ask {
  readonly method: string
  readonly target: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array | string
  /** Closes the connection when it fires. */
  readonly signal?: AbortSignal
}

export interface Answer {
  /** 0: the connection was refused, cut or timed out before any answer came. */
  readonly status: number
  /** By its lower-case name. */
  readonly header: (name: string) => string | undefined
  readonly bytes: Uint8Array
  /** Whether the body came to its end; false where the connection was cut. */
  readonly whole: boolean
}

/** An agent's books as the gateway shows them, in atomic units. */
export interface Books {
  readonly available: bigint
  readonly held: bigint
  readonly frozen: bigint
  readonly spent: bigint
  readonly deposited: bigint
  readonly withdrawn: bigint
  readonly settled: bigint
  /** 0 where the gateway shows none. */
  readonly owed: bigint
}

/** A row of the journal; the amount is positive, the type gives the direction. Amounts in atomic units. */
interface JournalRow {
  readonly id: string
  readonly type: string
  readonly amount: bigint
  readonly balanceAfter: bigint
  readonly requestId: string | null
  /** The transaction on chain, base58; deposits and withdrawals have one. */
  readonly signature: string | null
}

/** A gateway that speaks the level5 contract shows its money; another one does not. Each throws `Unseen` when it can't. */
export interface Money {
  books(): Promise<Books>
  /** The newest rows first: at most `limit`, or all. */
  journal(limit?: number): Promise<readonly JournalRow[]>
  /** The newest debits: request id and charge in units. */
  debits(limit: number): Promise<readonly { readonly requestId: string; readonly charge: bigint }[]>
  /** The signed receipts after the `after`th, as they came; null: the gateway writes none. */
  receipts(after: number): Promise<readonly unknown[] | null>
  /** `GET /v1/pricing`, as it came; of a version that once was in force, or the list of now. */
  pricing(version?: string): Promise<unknown>
  /** What the body of a call would hold, in units; null where the gateway refuses to say. */
  worstCase(body: string): Promise<bigint | null>
}

/** The keypair that a target signs with, for checks that sign otherwise than they should. */
export interface Identity extends Audience {
  /** Base58. */
  readonly pubkey: string
  /** The 64-byte ed25519 signature. */
  sign(bytes: Uint8Array): Uint8Array | Promise<Uint8Array>
}

export interface Target {
  readonly url: string
  /** Null: a bearer token or an API key goes along instead. */
  readonly identity: Identity | null
  /** Null where the gateway shows none. */
  readonly money: Money | null
  /** The model to ask for per format; a format that is missing is not served. */
  readonly models: ReadonlyMap<CallFormat, string>
  /** Sends one request with the right credentials. Never retries, never throws for what the gateway does. */
  send(ask: Ask): Promise<Answer>
  /** Sends exactly this, without credentials of its own. */
  sendBare(ask: Ask): Promise<Answer>
  /** As `send`, chunk by chunk as it arrives; returns when the body ends, is cut, or `onChunk` says stop (the connection is closed then). */
  stream(ask: Ask, onChunk: (chunk: Uint8Array) => 'go' | 'stop'): Promise<Omit<Answer, 'bytes'>>
  /** The request as it would go out, for checks that tamper with it: headers with credentials. */
  signed(ask: Ask): Promise<Ask>
  /** Closes what is kept open. */
  close(): void
}

/** The gateway did not show what its contract says it shows. */
export class Unseen extends Error {
  override readonly name = 'Unseen'
}
