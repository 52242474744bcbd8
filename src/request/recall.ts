/**
 * Between authentication and admission: whether this call was made before, under its Idempotency-Key. What the key was
 * taken for is answered here: nothing is held, no provider is asked, and neither prices nor balance are looked at.
 * Source: wire contract, "Calls"; property A4.
 */
import { createHash } from 'node:crypto'
import { type Refusal, refusal } from '../errors.ts'
import type {
  ChargedBefore,
  IdempotencyLedger,
  KeptAnswer,
  KeyedRequest,
  Recalled,
} from '../ledger/idempotency-ledger.ts'
import type { SpendLedger } from '../ledger/ledger.ts'
import type { ReceiptLedger } from '../ledger/receipt-ledger.ts'
import type { Asked } from './ask.ts'
import type { Client, Incoming, ResponseHeaders } from './exchange.ts'
import type { ReceiptDesk } from './receipts.ts'
import type { ReplaysInFlight } from './replays-in-flight.ts'

const KEY = /^[A-Za-z0-9_-]{16,128}$/
const HEADER = 'Idempotency-Key'
/** Told to an agent that has not read what it was sent again. */
const UNREAD_RETRY_SECONDS = 5

type Recollection =
  /** `keyed`: what its hold is to take; null where no key was sent. */
  | { readonly kind: 'new'; readonly keyed: KeyedRequest | null }
  | { readonly kind: 'recalled'; readonly recalled: Recalled }
  | { readonly kind: 'refused'; readonly refusal: Refusal }

/** Refuses with `invalid_request` where the key is malformed. */
export async function recall(
  ledger: IdempotencyLedger,
  { header, method, target }: Pick<Incoming, 'header' | 'method' | 'target'>,
  { caller, bodyDigest }: Pick<Asked, 'caller' | 'bodyDigest'>,
): Promise<Recollection> {
  const key = header('idempotency-key')
  if (key === undefined) return { kind: 'new', keyed: null }
  if (!KEY.test(key)) {
    const message = 'The Idempotency-Key is not 16 to 128 of A-Z, a-z, 0-9, _ and -.'
    return { kind: 'refused', refusal: refusal('invalid_request', message, HEADER) }
  }
  const keyed = { key, fingerprint: fingerprintOf(method, target, bodyDigest) }
  const recalled = await ledger.recall(caller.agent, keyed)
  return recalled === null ? { kind: 'new', keyed } : { kind: 'recalled', recalled }
}

export interface ReplayParts {
  readonly ledger: Pick<SpendLedger, 'balance'> & Pick<ReceiptLedger, 'receipt'>
  readonly receipts: Pick<ReceiptDesk, 'deliver'>
  readonly replays: ReplaysInFlight
}

/**
 * Answers a call with what its key was taken for: as it was answered, charged once, or refused with
 * `request_in_progress`, `idempotency_conflict`, or `overloaded` where the agent has not read what it asked for before.
 */
export async function replay(
  parts: ReplayParts,
  agent: string,
  recalled: Recalled,
  client: Client,
): Promise<void> {
  switch (recalled.kind) {
    case 'other_request':
      return client.refuse(refusal('idempotency_conflict', OTHER_REQUEST, HEADER))
    case 'running': {
      const message = `The first request with this Idempotency-Key, ${recalled.requestId}, still runs.`
      return client.refuse(refusal('request_in_progress', message, HEADER))
    }
    case 'charged': {
      const { answer } = recalled
      if (answer === null) return client.refuse(withoutAnswer(recalled))
      const over = parts.replays.begin(agent, answer.body.length)
      if (over === null) return client.refuse(unread())
      client.onClose(over)
      const headers = await replayHeaders(parts, agent, recalled, answer)
      return sendAgain(client, answer, headers)
    }
  }
}

const OTHER_REQUEST = 'The Idempotency-Key was used for another method, target or body.'

/** What became of a call whose answer nobody has: said once and for all, so that no retry pays for it again. */
function withoutAnswer({ requestId, charge }: ChargedBefore): Refusal {
  const message =
    `The first request with this Idempotency-Key, ${requestId}, was charged ${charge} units, and its answer is not kept here. ` +
    'No retry under this key is charged, or answered.'
  return refusal('idempotency_conflict', message, HEADER)
}

function unread(): Refusal {
  const message = 'Too many answers are being sent again to this agent, and are not read.'
  return { code: 'overloaded', message, retryAfterSeconds: UNREAD_RETRY_SECONDS }
}

async function replayHeaders(
  { ledger, receipts }: ReplayParts,
  agent: string,
  { requestId, charge }: ChargedBefore,
  { contentType }: KeptAnswer,
): Promise<ResponseHeaders> {
  const { available } = await ledger.balance(agent)
  const issued = await ledger.receipt(agent, requestId)
  const receipt = issued === null ? null : await receipts.deliver(issued)
  return {
    'content-type': contentType,
    'x-request-id': requestId,
    'x-balance-remaining': available.toString(),
    'x-charge': charge.toString(),
    ...(receipt === null ? {} : { 'x-receipt': Buffer.from(receipt).toString('base64') }),
    'idempotent-replayed': 'true',
  }
}

function sendAgain(client: Client, answer: KeptAnswer, headers: ResponseHeaders): void {
  const { status, body } = answer
  if (!answer.streamed) {
    client.answer(status, headers, body)
    return
  }
  client.start(status, headers)
  client.write(body)
  if (answer.whole) client.finish()
  else client.cut()
}

function fingerprintOf(method: string, target: string, bodyDigest: string): string {
  const hash = createHash('sha256').update(`${method} ${target}\n${bodyDigest}`)
  return `sha256:${hash.digest('hex')}`
}
