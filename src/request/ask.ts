/** Who asks, and what it signed for: authentication, then the voucher that came with the request. */
import type { Refusal } from '../errors.ts'
import type { OfferedVoucher, VoucherLedger } from '../ledger/voucher-ledger.ts'
import {
  type AuthenticationParts,
  authenticate,
  type Caller,
  type Confirm,
  type Next,
} from './authenticate.ts'
import type { Incoming } from './exchange.ts'
import type { VoucherReader } from './vouchers.ts'

export interface AskParts extends AuthenticationParts {
  readonly vouchers: VoucherReader
}

export interface Asked {
  readonly kind: 'asked'
  readonly caller: Caller
  readonly body: Uint8Array
  /** `sha256:<hex>` of the body's bytes. */
  readonly bodyDigest: string
  /** Verified, and not kept yet. */
  readonly voucher: OfferedVoucher | null
  /** To be asked before anything but a hold is done or answered. */
  readonly confirm: Confirm
}

/** Refuses as `authenticate` does, and with `invalid_voucher`. */
export async function ask(
  parts: AskParts,
  incoming: Incoming,
  next: Next,
): Promise<Asked | { readonly kind: 'refused'; readonly refusal: Refusal }> {
  const authenticated = await authenticate(parts, incoming, next)
  if (authenticated.kind === 'refused') return authenticated
  const { caller, body, bodyDigest, confirm } = authenticated
  const text = incoming.header('x-agent-voucher')
  if (text === undefined) return { kind: 'asked', caller, body, bodyDigest, voucher: null, confirm }
  const read = parts.vouchers.read(caller.agent, text)
  if (read.kind === 'refused') {
    return { kind: 'refused', refusal: (await confirm()) ?? read.refusal }
  }
  return { kind: 'asked', caller, body, bodyDigest, voucher: read.voucher, confirm }
}

/** Keeps the voucher of a request that holds nothing; a hold keeps it in its own transaction. */
export async function keepVoucher(
  {
    ledger,
    now,
  }: { readonly ledger: Pick<VoucherLedger, 'keepVoucher'>; readonly now: () => number },
  { caller, voucher }: Asked,
): Promise<void> {
  if (voucher !== null) await ledger.keepVoucher(caller.agent, voucher, now())
}
