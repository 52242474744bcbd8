/** What a caller could hold, before it asks for a hold or after it was refused one. */
import type { Room } from '../ledger/ledger.ts'
import type { Caller } from './authenticate.ts'
import type { HoldParts } from './hold.ts'

/** Of this moment: a hold decides anew. */
export function readRoom(
  { ledger, admission, now }: Omit<HoldParts, 'nonces'>,
  { agent, session }: Pick<Caller, 'agent' | 'session'>,
): Promise<Room> {
  return ledger.room({
    agent,
    at: now(),
    sessionId: session?.id ?? null,
    requireVoucher: admission.requireVouchers,
    settleMarginSeconds: admission.settleMarginSeconds,
  })
}
