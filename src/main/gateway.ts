/** Puts the gateway together from its parts, and takes it apart again. Knows no chain: that is handed in. */

import type { PaymentAddresses } from '../chain/configured.ts'
import { FORMATS } from '../formats/registry.ts'
import { NonceWindow } from '../identity/nonce-window.ts'
import { Recent } from '../identity/recent.ts'
import { signatureEngine } from '../identity/signature-engine.ts'
import type { Audience } from '../identity/signed-text.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Log } from '../log.ts'
import { createProvider } from '../providers/forward.ts'
import type { ProviderAddress, UpstreamTimeouts } from '../providers/provider.ts'
import type { AdmissionTerms } from '../request/hold.ts'
import { createLeases } from '../request/leases.ts'
import { createReceiptDesk } from '../request/receipts.ts'
import type { CallLine } from '../request/record.ts'
import { ReplaysInFlight } from '../request/replays-in-flight.ts'
import { VoucherReader } from '../request/vouchers.ts'
import { createApp } from '../routes/app.ts'
import { roomFor } from '../routes/body-room.ts'
import { LiveClients } from '../routes/live-clients.ts'
import type { ChainView, DepositInstructions, DevParts } from '../routes/parts.ts'
import { paymentsOf } from '../routes/x402-headers.ts'
import type { MessageSigner } from '../signers/message-signer.ts'
import type { X402 } from '../x402/x402.ts'
import { Auditor } from './auditor.ts'
import { startHousekeeping } from './housekeeping.ts'
import { HTTP_LIMITS, type HttpLimits, openHttpServer } from './http-server.ts'
import { openPriceBook, type PriceSettings } from './price-book.ts'

/** Some 16 MB when full of those that name the most models. */
const SESSIONS_MAX = 2_048

export interface GatewayParts {
  readonly host: string
  readonly port: number
  /** Null: `http://{host}:{port}`. */
  readonly publicUrl: string | null
  readonly chainName: Audience['chain']
  readonly ledger: Ledger
  readonly providers: readonly ProviderAddress[]
  readonly prices: PriceSettings
  readonly timeouts: UpstreamTimeouts
  readonly bodyBytesMax: number
  readonly adminToken: string | null
  readonly admission: AdmissionTerms
  /** Signs receipts and price lists; the ledger's issuer signs with the same key, or leaves it to this. */
  readonly receiptSigner: MessageSigner
  readonly addressesOf: (agent: string) => PaymentAddresses
  readonly depositInstructions: (agent: string) => DepositInstructions
  readonly chain: ChainView | null
  /** Null where it is switched off. */
  readonly x402: X402 | null
  readonly dev: DevParts | null
  readonly log: Log
  readonly now: () => number
  /** 32 bytes; gateways on one ledger share it. */
  readonly challengeSecret: Uint8Array
  readonly random: (bytes: number) => Uint8Array
  readonly httpLimits?: HttpLimits
  /** How long live calls may go on once the gateway is told to stop. */
  readonly drainMs?: number
}

export interface RunningGateway {
  readonly url: string
  readonly port: number
  /** Accepts no new work, lets live calls end within the bound, settles the rest. The ledger stays open. */
  close(): Promise<void>
}

const DRAIN_MS = 20_000
/** What is left for connections to close once no call is live. */
const CLOSE_MS = 2_000

export async function runGateway(parts: GatewayParts): Promise<RunningGateway> {
  const { ledger, log, now } = parts
  const names = parts.providers.map(({ name }) => name)
  const prices = await openPriceBook(parts.prices, names, ledger, parts.receiptSigner, now)
  const server = await openHttpServer(parts.host, parts.port, parts.httpLimits ?? HTTP_LIMITS)
  const url = `http://${parts.host.includes(':') ? `[${parts.host}]` : parts.host}:${server.port}`
  const providers = new Map(parts.providers.map((at) => [at.name, createProvider(at)]))
  const leases = createLeases(ledger, now)
  const receipts = createReceiptDesk(ledger, parts.receiptSigner)
  const auditor = new Auditor(ledger, now, log)
  const live = new LiveClients()
  let stopping = false
  const app = createApp(
    {
      path: {
        audience: { origin: parts.publicUrl ?? url, chain: parts.chainName },
        ledger,
        nonces: new NonceWindow(),
        knownSessions: new Recent(SESSIONS_MAX),
        vouchers: new VoucherReader(parts.addressesOf),
        admission: parts.admission,
        now,
        prices: prices.current,
        providers,
        leases,
        replays: new ReplaysInFlight(),
        receipts,
        payments: parts.x402 && paymentsOf(parts.x402),
        timeouts: parts.timeouts,
        record: (line) => logCall(log, line),
      },
      ledger,
      live,
      stopping: () => stopping,
      bodies: { bytesMax: parts.bodyBytesMax, room: roomFor(parts.bodyBytesMax) },
      priceList: prices.published,
      depositInstructions: parts.depositInstructions,
      chain: parts.chain,
      challengeSecret: parts.challengeSecret,
      random: parts.random,
      audited: () => auditor.status(),
      adminToken: parts.adminToken,
      x402: parts.x402,
      dev: parts.dev,
      reportFailure: (requestId, error) => logFailure(log, requestId, error),
    },
    FORMATS,
  )
  const chores = { ledger, leases, prices, receipts, auditor, now }
  const housekeeping = await startHousekeeping(chores, log)
  server.serve(app)
  const models = prices.current().models.size
  log.info({ url, models, providers: names, ed25519: signatureEngine.name }, 'gateway is listening')
  return {
    url,
    port: server.port,
    async close() {
      stopping = true
      const closed = server.close((parts.drainMs ?? DRAIN_MS) + CLOSE_MS)
      const cut = setTimeout(() => live.stop(), parts.drainMs ?? DRAIN_MS)
      await live.empty()
      clearTimeout(cut)
      await closed
      await housekeeping.stop()
      await Promise.all([...providers.values()].map((provider) => provider.close()))
      log.info({}, 'gateway has stopped')
    },
  }
}

/** The log line of a call that was held. */
function logCall(log: Log, line: CallLine): void {
  const { end } = line
  const fields: Record<string, unknown> = {
    request_id: line.requestId,
    duration_ms: line.durationMs,
    agent: line.agent,
    provider: line.provider,
    model: line.model,
    format: line.format,
    stream: line.stream,
    held: line.held.toString(),
    detail: line.detail,
  }
  switch (end.kind) {
    case 'charged':
      fields['outcome'] = end.outcome
      fields['charge'] = end.charge.toString()
      fields['tokens'] = end.tokens
      log.info(fields, 'call charged')
      return
    case 'released':
      fields['reason'] = end.reason
      log.info(fields, 'call released')
      return
    case 'already_ended':
      log.warn(fields, 'call was resolved before it ended')
      return
    case 'unsettled':
      log.error(fields, 'call could not be settled: the sweeper will resolve it')
  }
}

/** The name and the stack without the message, which may quote what it choked on. */
function logFailure(log: Log, requestId: string, error: unknown): void {
  const thrown = error instanceof Error ? error : new Error()
  const frames = (thrown.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line))
  const stack = frames.slice(0, 6).map((frame) => frame.trim())
  log.error({ request_id: requestId, error: thrown.name, stack }, 'request failed')
}
