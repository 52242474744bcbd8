/** How a held call leaves: with its answer once the charge is durable, or with the hold given back. */
import { refusal } from '../errors.ts'
import type { SpendLedger } from '../ledger/ledger.ts'
import { type Client, leaveReason, type ResponseHeaders } from './exchange.ts'
import type { Forwarded } from './forward.ts'
import { gatewayStops } from './gateway-stops.ts'
import type { HeldCall } from './hold.ts'
import { clientLeft, type Lost, type Metered } from './meter.ts'
import { type CallEnd, type CallLine, callLine, endOf } from './record.ts'
import { release, type Settled, type SettleParts, settle } from './settle.ts'

interface Books extends SettleParts {
  readonly ledger: Pick<SpendLedger, 'settle' | 'release'>
  readonly record: (line: CallLine) => void
}

/** Sends what is still to be sent of a settled call. */
export async function complete(
  client: Client,
  call: HeldCall,
  metered: Metered,
  settled: Settled,
): Promise<void> {
  if (settled.kind === 'unavailable') {
    const reason = refusal('ledger_unavailable', 'The charge could not be written.')
    if (metered.streamed) client.cut()
    else await client.refuse(reason)
    return
  }
  if (!metered.streamed) {
    const headers = answerHeaders(call, metered.contentType, settled)
    client.answer(metered.status, headers, settled.remainder)
    return
  }
  client.write(settled.remainder)
  if (metered.whole) client.finish()
  else client.cut()
}

/**
 * Ends a call that the provider never answered, or whose answer was lost before anything of it was delivered: the hold
 * is released. A client that left while the provider was at work is charged by the policy.
 */
export async function unanswered(
  books: Books,
  call: HeldCall,
  reason: Exclude<Forwarded, { kind: 'answered' }> | Lost,
  client: Client,
): Promise<void> {
  switch (reason.kind) {
    case 'rejected':
      await giveBack(books, call, 'rejected', `status ${reason.status}`)
      return client.answer(
        reason.status,
        { 'content-type': reason.contentType, 'x-charge': '0' },
        reason.bytes,
      )
    case 'refused':
    case 'lost':
      await giveBack(books, call, reason.refusal.code, reason.detail)
      return client.refuse(reason.refusal)
    case 'abandoned': {
      if (leaveReason(client.signal) === 'gateway_stops') {
        const stopping = gatewayStops()
        await giveBack(books, call, stopping.code)
        return client.refuse(stopping)
      }
      if (!reason.sent) return giveBack(books, call, 'client_left')
      const settled = await settle(books, call, clientLeft())
      return books.record(callLine(call, endOf(settled), books.now()))
    }
  }
}

async function giveBack(
  { ledger, now, record }: Books,
  call: HeldCall,
  reason: Extract<CallEnd, { kind: 'released' }>['reason'],
  detail?: string,
): Promise<void> {
  await release(ledger, call.requestId, reason, now)
  record(callLine(call, { kind: 'released', reason }, now(), detail))
}

function answerHeaders(
  call: HeldCall,
  contentType: string,
  settled: Exclude<Settled, { kind: 'unavailable' }>,
): ResponseHeaders {
  const receipt = settled.kind === 'settled' ? settled.receipt : null
  const headers: Record<string, string> = {
    'content-type': contentType,
    'x-balance-remaining': call.available.toString(),
    'x-charge': settled.price.charge.toString(),
  }
  if (receipt !== null) headers['x-receipt'] = Buffer.from(receipt).toString('base64')
  return headers
}
