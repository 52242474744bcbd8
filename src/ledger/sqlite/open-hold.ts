/** An open hold as its row has it. */
import { authText } from '../charge-receipt.ts'
import type { HoldRequest } from '../ledger.ts'

/** Amounts in units, times Unix milliseconds; each is null where the call has none. */
export interface OpenHold {
  readonly requestId: string
  readonly agent: string
  readonly sessionId: string | null
  readonly amount: bigint
  readonly startedAt: bigint
  readonly provider: string
  readonly model: string
  readonly priceVersion: string
  readonly requestDigest: string
  readonly authJson: string
  readonly keyId: bigint | null
}

/** Rows are read as arrays: naming a dozen columns for every call costs more than finding the row. */
export type OpenHoldRow = readonly [
  requestId: string,
  agent: string,
  sessionId: string | null,
  amount: bigint,
  startedAt: bigint,
  provider: string,
  model: string,
  priceVersion: string,
  requestDigest: string,
  authJson: string,
  keyId: bigint | null,
]

export const OPEN_HOLD = `
SELECT request_id, agent_pubkey, session_id, amount, started_at, provider, model, price_version, request_digest,
  auth_json, key_id
FROM holds WHERE request_id = ?`

/** What the row of a hold that is asked for will say; null where it is given a key, whose id only the row has. */
export function openHoldAsked(request: HoldRequest): OpenHold | null {
  if (request.keyed !== null) return null
  return {
    requestId: request.requestId,
    agent: request.agent,
    sessionId: request.sessionId,
    amount: request.amount,
    startedAt: BigInt(request.at),
    provider: request.provider,
    model: request.model,
    priceVersion: request.priceVersion,
    requestDigest: request.requestDigest,
    authJson: authText(request.auth),
    keyId: null,
  }
}

export function openHoldOf(row: OpenHoldRow): OpenHold {
  return {
    requestId: row[0],
    agent: row[1],
    sessionId: row[2],
    amount: row[3],
    startedAt: row[4],
    provider: row[5],
    model: row[6],
    priceVersion: row[7],
    requestDigest: row[8],
    authJson: row[9],
    keyId: row[10],
  }
}
