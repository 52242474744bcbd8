/** The composition root: settings in, a running system out. The only file that chooses implementations. */
import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Watcher } from '../watcher/start-watcher.ts'
import { paymentAddresses } from './chain/configured.ts'
import { systemClock } from './clock.ts'
import type { Ledger } from './ledger/ledger.ts'
import { openLedger } from './ledger/sqlite/open-ledger.ts'
import { createLog, type Log } from './log.ts'
import { challengeSecret } from './main/challenge-secret.ts'
import { runGateway } from './main/gateway.ts'
import { type Keys, openKeys, receiptIssuer } from './main/keys.ts'
import { payByX402 } from './main/pay-by-x402.ts'
import { chainView, watchChain } from './main/watch-chain.ts'
import { USDC_DECIMALS } from './money.ts'
import { providerAddresses } from './providers/registry.ts'
import type { DepositInstructions, DevParts } from './routes/parts.ts'
import type { Settings } from './settings.ts'

export interface StartOptions {
  readonly log?: Log
  /** False: another process watches the chain on the same ledger. */
  readonly watch?: boolean
  /** What exists in `dev` only. */
  readonly dev?: DevParts
}

export interface Gateway {
  /** Where it listens; agents sign for `PUBLIC_URL`, which may differ. */
  readonly url: string
  readonly port: number
  readonly ledger: Ledger
  /** Null where another process watches. */
  readonly watcher: Watcher | null
  /** Drains, stops watching, closes the ledger last. */
  close(): Promise<void>
}

/**
 * Starts `level5 serve`: resolves when it listens and the ledger is known to belong to the chain. A chain that does not
 * answer yet is waited for in the background (`GET /ready` says so); another chain than the ledger's is refused.
 */
export async function startGateway(
  settings: Settings,
  options: StartOptions = {},
): Promise<Gateway> {
  const log = options.log ?? createLog(settings.logLevel)
  const keys = await openKeys(settings)
  const ledger = openLedgerOf(settings, keys)
  let watcher: Watcher | null = null
  try {
    if (keys.receipts === null) throw new Error('RECEIPT_KEY: none, and every call has a receipt')
    const addressesOf = paymentAddresses(settings.chain)
    const watches = options.watch !== false
    watcher = watches ? watchChain(settings.chain, keys, ledger, log, systemClock) : null
    await firstContact(watcher, log)
    const view = watcher === null ? null : chainView(watcher, systemClock)
    const payments = x402Of(settings, keys, addressesOf, ledger, () => view?.wake(), log)
    const running = await runGateway({
      host: settings.host,
      port: settings.port,
      publicUrl: settings.publicUrl,
      chainName: settings.chain.chain,
      ledger,
      providers: providerAddresses(settings.providers),
      prices: settings,
      timeouts: settings.upstreamTimeouts,
      bodyBytesMax: settings.maxBodyBytes,
      adminToken: settings.adminToken,
      admission: settings,
      receiptSigner: keys.receipts,
      addressesOf,
      depositInstructions: depositInstructions(settings, addressesOf),
      chain: view,
      x402: payments?.x402 ?? null,
      dev: options.dev ?? null,
      log,
      now: systemClock,
      challengeSecret: challengeSecret(settings.dataDir, randomBytes),
      random: randomBytes,
    })
    return {
      url: running.url,
      port: running.port,
      ledger,
      watcher,
      async close() {
        await running.close()
        payments?.close()
        await watcher?.stop()
        await ledger.close()
        await keys.close()
      },
    }
  } catch (error) {
    await watcher?.stop()
    await ledger.close()
    await keys.close()
    throw error
  }
}

export interface RunningWatch {
  readonly watcher: Watcher
  readonly ledger: Ledger
  close(): Promise<void>
}

/** Starts `level5 watch`: the watcher alone, on the same ledger. Rejects when the ledger belongs to another chain. */
export async function startWatchOnly(
  settings: Settings,
  options: Pick<StartOptions, 'log'> = {},
): Promise<RunningWatch> {
  const log = options.log ?? createLog(settings.logLevel)
  const keys = await openKeys(settings)
  const ledger = openLedgerOf(settings, keys)
  const watcher = watchChain(settings.chain, keys, ledger, log, systemClock)
  async function close(): Promise<void> {
    await watcher.stop()
    await ledger.close()
    await keys.close()
  }
  try {
    await firstContact(watcher, log)
    return { watcher, ledger, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** How long a start waits for the chain before it goes on without. */
const FIRST_CONTACT_MS = 10_000

/** Rejects when the chain is not the ledger's; a chain that does not answer in time is no reason not to start. */
async function firstContact(watcher: Watcher | null, log: Log): Promise<void> {
  if (watcher === null) return
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), FIRST_CONTACT_MS)
  })
  try {
    const outcome = await Promise.race([watcher.started, late])
    if (outcome === 'late') log.warn({}, 'the chain does not answer yet')
  } finally {
    clearTimeout(timer)
  }
}

function openLedgerOf({ dataDir, chain }: Settings, keys: Keys): Ledger {
  mkdirSync(dataDir, { recursive: true })
  return openLedger(join(dataDir, 'ledger.sqlite'), receiptIssuer(keys.receipts, chain.gateway))
}

function x402Of(
  { x402, chain }: Settings,
  { operator }: Keys,
  addressesOf: ReturnType<typeof paymentAddresses>,
  ledger: Ledger,
  wake: () => void,
  log: Log,
): ReturnType<typeof payByX402> | null {
  if (!x402 || operator === null) return null
  return payByX402({ chain, operator, addressesOf, ledger, wake, log, now: systemClock })
}

function depositInstructions(
  { chain, publicRpcUrl }: Settings,
  addressesOf: ReturnType<typeof paymentAddresses>,
): (agent: string) => DepositInstructions {
  const { program, gateway, mint } = chain
  return (agent) => {
    const { vault, depositAddress } = addressesOf(agent)
    return {
      network: chain.chain,
      program,
      gateway,
      vault,
      deposit_address: depositAddress,
      mint,
      asset: 'USDC',
      decimals: USDC_DECIMALS,
      commitment: 'finalized',
      rpc_url: publicRpcUrl,
    }
  }
}
