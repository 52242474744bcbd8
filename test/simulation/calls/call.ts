/** One call as the simulation knows it: what was asked, what the provider and the client did, what came of it. */
import type { Ask } from './ask.ts'
import type { StatedModel } from './price-lists.ts'
import type { Script } from './script.ts'

export interface SimulatedCall {
  readonly requestId: string
  readonly agent: string
  /** The id of its session, or null where it is signed. */
  readonly session: string | null
  /** What it signed with, or null; unique unless it is a replay. */
  readonly nonce: string | null
  /** Its Idempotency-Key, or null. */
  readonly key: string | null
  readonly ask: Ask
  readonly model: StatedModel
  readonly script: Script
  /** The life of the gateway process that serves it. */
  readonly life: number
  readonly startedAt: number
  /** The gateway's clock then, in milliseconds. */
  readonly clockAt: number
  /** The price list in force there. */
  readonly priceVersion: string
  readonly provider: ProviderSide
  readonly client: ClientSide
  /** What happened to it that excuses an outcome which is not the plain one. */
  readonly disturbances: Set<Disturbance>
  /** Whether it must not come to a hold: something of it was changed after it was signed. */
  forged: boolean
  /** Whether its session was revoked or had expired when it was sent. */
  readonly ended: boolean
  /** True once `serveCall` has returned, or its process is gone. */
  returned: boolean
}

type Disturbance = 'killed' | 'clock' | 'ledger' | 'stopped'

interface ProviderSide {
  asked: boolean
  /** Units held when it was asked, and the cap per choice that it was told. */
  held: bigint
  cap: number
  /** Bytes of the answer that the gateway took, and when it took the last of them. */
  taken: number
  lastAt: number | null
  end: 'ended' | 'broken' | 'stalled' | 'aborted' | 'timed_out' | 'unreachable' | null
}

interface ClientSide {
  status: number | null
  headers: Readonly<Record<string, string>>
  readonly chunks: Buffer[]
  code: string | null
  end: 'answered' | 'refused' | 'finished' | 'cut' | null
  leftAt: number | null
  /** When it leaves: after so many writes, or null. */
  leavesAfterWrites: number | null
}

/** What of a call goes into the trace. */
export function traceOf({ requestId, provider, client }: SimulatedCall): string {
  const { status, code, end, chunks } = client
  const bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
  const seen = `${status} ${code} ${end} ${bytes} ${client.headers['x-charge']}`
  return `${requestId} ${seen} ${provider.end} ${provider.taken} ${provider.held}`
}
