/**
 * Step 5: passes the answer on and reads its usage as it passes.
 * A stream goes to the client piece by piece, at the client's pace; its last event is withheld until the charge is
 * durable, so that whoever has seen the end can rely on the balance. A body that is not a stream is read whole.
 * Properties L5, M3, M4, S1.
 */
import { createHash, hash } from 'node:crypto'
import { type Refusal, refusal } from '../errors.ts'
import type { StreamMeter, UsageReading } from '../formats/format.ts'
import { ANSWER_BYTES_MAX, type KeptAnswer } from '../ledger/idempotency-ledger.ts'
import type { Units } from '../money.ts'
import type { BodyEnd, StopSignal, UpstreamBody } from '../providers/provider.ts'
import { chargeFor, type Ending, recoveryTerms } from './billing.ts'
import { collect } from './collect.ts'
import { type Client, leaveReason } from './exchange.ts'
import { gatewayStops } from './gateway-stops.ts'
import type { HeldCall } from './hold.ts'
import type { LiveHold } from './leases.ts'
import { SentCopy } from './sent-copy.ts'

/** The largest body that is read whole: embeddings of a full batch fit. */
const BODY_BYTES_MAX = 134_217_728
/** How long after its last event a provider may keep a stream open. */
const AFTER_END_MS = 1_000
/** How much may follow the last event. */
const AFTER_END_BYTES_MAX = 1_048_576

type StreamReading = ReturnType<StreamMeter['reading']>

const NOTHING_READ: UsageReading = {
  tokens: null,
  inputTokens: null,
  upstreamId: null,
  outputBytes: 0,
}

/** An answer with a 200 to a held call. */
interface Answer {
  readonly status: number
  readonly contentType: string
  readonly body: UpstreamBody
}

export interface Metered {
  readonly kind: 'metered'
  /** Whether the client has the beginning already. */
  readonly streamed: boolean
  readonly status: number
  readonly contentType: string
  readonly ending: Ending
  readonly reading: UsageReading
  /** Whether what was sent and the remainder are all that the provider had to say. */
  readonly whole: boolean
  /** The bytes that are still to be sent once the charge is durable; empty where nobody waits. */
  remainder(charge: Units): Uint8Array
  /** `sha256:<hex>` of everything that was sent, followed by `remainder`. Call once. */
  digestWith(remainder: Uint8Array): string
  /** The same bytes, for a call that keeps its answer; null where nothing was sent, or more than is kept. Call once. */
  kept(remainder: Uint8Array): KeptAnswer | null
}

/** Nothing was delivered and nothing can be: nothing is owed. */
export interface Lost {
  readonly kind: 'lost'
  readonly refusal: Refusal
  readonly detail: string
}

/** Reads the answer to its end, passing a stream on as it comes. */
export async function meter(
  call: HeldCall,
  answer: Answer,
  client: Client,
  hold: LiveHold,
): Promise<Metered | Lost> {
  const streams = call.plan.stream && /^text\/event-stream\b/i.test(answer.contentType)
  return streams ? meterStream(call, answer, client, hold) : meterBody(call, answer, client)
}

/** A call whose client left before anything was delivered. */
export function clientLeft(): Metered {
  return {
    kind: 'metered',
    streamed: false,
    status: 0,
    contentType: '',
    ending: 'client_left',
    reading: NOTHING_READ,
    whole: false,
    remainder: () => new Uint8Array(),
    digestWith: sha256,
    kept: () => null,
  }
}

async function meterBody(
  { format, keepsAnswer }: HeldCall,
  { status, contentType, body }: Answer,
  client: Client,
): Promise<Metered | Lost> {
  const collected = await collect(body, BODY_BYTES_MAX)
  switch (collected.kind) {
    case 'whole': {
      const { bytes } = collected
      const reading = format.readBody(bytes)
      return {
        kind: 'metered',
        streamed: false,
        status,
        contentType,
        ending: 'finished',
        reading,
        whole: true,
        remainder: (charge) => (reading.tokens === null ? bytes : format.withCost(bytes, charge)),
        digestWith: sha256,
        kept: (body) =>
          keepsAnswer && body.length <= ANSWER_BYTES_MAX
            ? { status, contentType, body, streamed: false, whole: true }
            : null,
      }
    }
    case 'aborted':
      return leaveReason(client.signal) === 'gateway_stops'
        ? lost(gatewayStops(), 'gateway stops')
        : clientLeft()
    case 'stalled':
      return lost(refusal('upstream_timeout', 'The provider stopped inside its answer.'), 'stalled')
    case 'broken':
    case 'too_large':
      return lost(refusal('upstream_error', 'The provider’s answer was cut.'), collected.kind)
  }
}

/** Resolves when nothing more will come, with the last event withheld. */
async function meterStream(
  call: HeldCall,
  { status, contentType, body }: Answer,
  client: Client,
  hold: LiveHold,
): Promise<Metered> {
  const { terms } = call
  const events = call.format.meterStream({
    clientWantsUsage: call.plan.clientWantsUsage,
    charge: (tokens) => chargeFor(terms, tokens),
  })
  hold.recoverAt(() => recoveryTerms(terms, events.reading()))
  const sent = createHash('sha256')
  const copy = call.keepsAnswer ? new SentCopy() : null
  client.start(status, {
    'content-type': contentType,
    'x-balance-remaining': call.available.toString(),
  })
  client.onDrain(() => body.resume())
  const { end, withheld } = await passOn(events, body, (bytes) => {
    sent.update(bytes)
    copy?.add(bytes)
    return client.write(bytes)
  })
  const nobodyWaits = client.signal.aborted
  const rest = nobodyWaits ? [] : [...withheld, events.finish()]
  const reading = events.reading()
  const whole = !nobodyWaits && (end.kind === 'ended' || reading.end !== 'cut')
  return {
    kind: 'metered',
    streamed: true,
    status,
    contentType,
    ending: endingOf(end, reading, client.signal),
    reading,
    whole,
    remainder: () => Buffer.concat(rest),
    digestWith: (remainder) => `sha256:${sent.update(remainder).digest('hex')}`,
    kept(remainder) {
      copy?.add(remainder)
      const body = copy?.whole() ?? null
      return body && { status, contentType, body, streamed: true, whole }
    },
  }
}

/** Writes everything up to the last event, and gives back what came with it and after it. */
async function passOn(
  meter: StreamMeter,
  body: UpstreamBody,
  write: (bytes: Uint8Array) => boolean,
): Promise<{ end: BodyEnd; withheld: Uint8Array[] }> {
  const withheld: Uint8Array[] = []
  let withheldBytes = 0
  let grace: NodeJS.Timeout | undefined
  const end = await body.read((chunk) => {
    const bytes = meter.push(chunk)
    if (!meter.ended) return bytes.length === 0 || write(bytes)
    grace ??= setTimeout(() => body.cancel(), AFTER_END_MS)
    withheld.push(bytes)
    withheldBytes += bytes.length
    if (withheldBytes > AFTER_END_BYTES_MAX) body.cancel()
    return true
  })
  clearTimeout(grace)
  return { end, withheld }
}

function endingOf(end: BodyEnd, reading: StreamReading, signal: StopSignal): Ending {
  // A client may leave between the last word and the usage: then nobody knows what it cost.
  const leftUnmetered = end.kind === 'aborted' && signal.aborted && reading.tokens === null
  if (reading.end === 'completed' && !leftUnmetered) return 'finished'
  if (reading.end === 'failed') return 'failed'
  switch (end.kind) {
    case 'aborted':
      return signal.aborted ? leaveReason(signal) : 'failed'
    case 'stalled':
      return 'stalled'
    case 'ended':
    case 'broken':
      return 'failed'
  }
}

function lost(reason: Refusal, detail: string): Lost {
  return { kind: 'lost', refusal: reason, detail }
}

function sha256(bytes: Uint8Array): string {
  return `sha256:${hash('sha256', bytes, 'hex')}`
}
