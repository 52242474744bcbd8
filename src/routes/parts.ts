/** What the routes are made of; `main` chooses. */
import type { Ledger } from '../ledger/ledger.ts'
import type { Units } from '../money.ts'
import type { SignedPricingBody } from '../prices/wire.ts'
import type { PathParts } from '../request/path.ts'
import type { X402 } from '../x402/x402.ts'
import type { LiveClients } from './live-clients.ts'
import type { BodyLimits } from './read-body.ts'

/** `GET /v1/deposit`: how an agent pays. Source: wire contract, "Money routes". */
export interface DepositInstructions {
  readonly network: string
  readonly program: string
  readonly gateway: string
  readonly vault: string
  readonly deposit_address: string
  readonly mint: string
  readonly asset: 'USDC'
  readonly decimals: number
  readonly commitment: 'finalized'
  readonly rpc_url: string | null
}

/** A price list as it is published. */
export type SignedPrices =
  | { readonly kind: 'signed'; readonly body: SignedPricingBody }
  /** Nothing was ever charged at such a version here. */
  | { readonly kind: 'unknown' }
  /** The receipt key does not sign now. */
  | { readonly kind: 'unsigned' }

/** How the routes see the watcher. */
export interface ChainView {
  /** Looks at the chain now instead of at the next poll. */
  wake(): void
  /** Whether what is final on the chain may be missing from the ledger. */
  behind(): boolean
  /** What the operator must mend for receipts to verify, or null. */
  problem(): string | null
  /** For the operator's eyes: plain JSON. */
  status(): object
}

/** What the last audit of the books found, and how far the next one is: plain JSON, times in RFC 3339 UTC. */
export interface AuditStatus {
  /** `held`, `not audited yet`, or the first equation that does not hold, with its agent and figures. */
  readonly conservation: string
  /** When the last pass ended. */
  readonly audited_at: string | null
  /** When the last pass ended that began from nothing. */
  readonly summed_anew_at: string | null
  /** Of the last pass: agents whose equations were compared. */
  readonly agents: number
  /** Of the last pass: rows of the journal that stand in its sums. */
  readonly rows: number
  readonly running: {
    readonly since: string
    /** Whether it sums every row again, or those that came since the last pass. */
    readonly sums: 'all' | 'new'
    readonly up_to_row: number | null
    readonly last_row: number | null
    readonly agents: number
  } | null
  /** Why the last pass could not be made. */
  readonly failed: string | null
}

/** What exists in `dev` only: a route of it is not registered unless `main` is handed this. */
export interface DevParts {
  /** Local USDC and SOL for a wallet. */
  fund(
    pubkey: string,
    usdc: Units,
  ): Promise<{ readonly signature: string; readonly lamports: bigint }>
}

export interface RouteParts {
  readonly path: PathParts
  readonly ledger: Ledger
  readonly live: LiveClients
  /** True once no new work is accepted. */
  readonly stopping: () => boolean
  readonly bodies: BodyLimits
  /** The price list of a version; null: the one in force. */
  readonly priceList: (version: string | null) => Promise<SignedPrices>
  readonly depositInstructions: (agent: string) => DepositInstructions
  /** Null where the watcher runs in another process. */
  readonly chain: ChainView | null
  /** At least 32 secret bytes that make session challenges this gateway's. */
  readonly challengeSecret: Uint8Array
  readonly random: (bytes: number) => Uint8Array
  /** What is known of the books; asking reads nothing. */
  readonly audited: () => AuditStatus
  readonly adminToken: string | null
  /** Null where it is switched off. */
  readonly x402: X402 | null
  readonly dev: DevParts | null
  /** Tells the operator of what nobody expected; gets no secret. */
  readonly reportFailure: (requestId: string, error: unknown) => void
}
