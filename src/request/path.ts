/**
 * THE PATH: the seven steps of a billed call, on one screen. Each step answers with a value; a refusal leaves at once.
 * Nothing before `hold` writes to the ledger, but a voucher that comes with a refused call is kept, if nonce and session count; nothing after it leaves the hold open: whatever throws, the sweeper
 * resolves it when its lease ends. Drawn in docs/architecture.md, priced in docs/billing.md.
 */
import type { Format } from '../formats/format.ts'
import type { IdempotencyLedger } from '../ledger/idempotency-ledger.ts'
import type { SpendLedger } from '../ledger/ledger.ts'
import type { VoucherLedger } from '../ledger/voucher-ledger.ts'
import type { PriceList } from '../prices/price-list.ts'
import type { Provider, UpstreamTimeouts } from '../providers/provider.ts'
import { admit } from './admit.ts'
import { type AskParts, ask, keepVoucher } from './ask.ts'
import type { Next } from './authenticate.ts'
import { complete, unanswered } from './complete.ts'
import type { Client, Incoming } from './exchange.ts'
import { forward } from './forward.ts'
import { type AdmissionTerms, callTimeouts, hold } from './hold.ts'
import type { Leases } from './leases.ts'
import { meter } from './meter.ts'
import { type Payments, pay, paymentOf } from './pay.ts'
import { type ReplayParts, recall, replay } from './recall.ts'
import type { ReceiptDesk } from './receipts.ts'
import { type CallLine, callLine, endOf } from './record.ts'
import { settle } from './settle.ts'

/** What the path is made of; `main` chooses. */
export interface PathParts extends AskParts {
  readonly ledger: SpendLedger &
    VoucherLedger &
    IdempotencyLedger &
    AskParts['ledger'] &
    ReplayParts['ledger']
  readonly admission: AdmissionTerms
  /** The price list in force. */
  readonly prices: () => PriceList
  /** By the names that the price list uses. */
  readonly providers: ReadonlyMap<string, Provider>
  readonly leases: Leases
  readonly receipts: ReceiptDesk
  readonly replays: ReplayParts['replays']
  /** Null where none are taken with calls. */
  readonly payments: Payments | null
  readonly timeouts: UpstreamTimeouts
  readonly record: (line: CallLine) => void
}

/** Serves a billed call. Throws only what no step expects. */
export async function serveCall(
  parts: PathParts,
  format: Format,
  incoming: Incoming,
  client: Client,
): Promise<void> {
  const { leases, now, record } = parts
  const { requestId, header } = incoming

  const asked = await ask(parts, incoming, nextOf(incoming))
  if (asked.kind === 'refused') return client.refuse(asked.refusal)

  const before = await recall(parts.ledger, incoming, asked)
  if (before.kind !== 'new') {
    await keepVoucher(parts, asked)
    if (before.kind === 'refused') return client.refuse(before.refusal)
    return await replay(parts, asked.caller.agent, before.recalled, client)
  }
  const { keyed } = before

  const admitted = admit(parts.prices(), format, header, asked.caller, asked.body)
  if (admitted.kind === 'refused') {
    const stranger = await asked.confirm()
    if (stranger === null) await keepVoucher(parts, asked)
    return client.refuse(stranger ?? admitted.refusal)
  }
  if (client.signal.aborted) return

  const payment = parts.payments && paymentOf(incoming)
  if (payment && !(await pay(parts.payments, payment, asked.caller.agent, client))) return

  const held = await hold(parts, { requestId, asked, keyed, call: admitted.call })
  if (held.kind === 'recalled')
    return await replay(parts, asked.caller.agent, held.recalled, client)
  if (held.kind === 'refused') return client.refuse(held.refusal, held.payment)
  const { call } = held

  const live = leases.keep(requestId, call.recovery)
  try {
    const provider = providerOf(parts.providers, call.model.provider)
    const request = {
      path: format.upstreamPath,
      body: call.plan.forward(call.cap),
      headers: call.headers,
      timeouts: callTimeouts(parts.timeouts, call),
      signal: client.signal,
    }
    const forwarded = await forward(provider, request, now)
    if (forwarded.kind !== 'answered') return await unanswered(parts, call, forwarded, client)

    const metered = await meter(call, forwarded, client, live)
    if (metered.kind === 'lost') return await unanswered(parts, call, metered, client)

    const settled = await settle(parts, call, metered)

    record(callLine(call, endOf(settled), now()))
    await complete(client, call, metered, settled)
  } finally {
    live.drop()
  }
}

/** An answer that is kept and a payment that came along are for a caller that is known for sure. */
function nextOf(incoming: Incoming): Next {
  const holdsFirst =
    incoming.header('idempotency-key') === undefined && paymentOf(incoming) === undefined
  return holdsFirst ? 'hold' : 'other'
}

/** Throws for a model without a provider: the price list in force names only providers that are configured. */
export function providerOf(providers: PathParts['providers'], name: string): Provider {
  const provider = providers.get(name)
  if (provider === undefined) throw new Error(`no provider ${name} for a model on the price list`)
  return provider
}
