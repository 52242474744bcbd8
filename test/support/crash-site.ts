/** A chain with agents that have really paid, and gateways in processes of their own that may be killed. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { vi } from 'vitest'
import { seededAgent, type TestAgent } from './agent.ts'
import {
  land,
  newAgent,
  openAndDeposit,
  startTestNetwork,
  type TestNetwork,
  type TestAgent as Wallet,
} from './chain.ts'
import { openBooks } from './crash-books.ts'
import type { CrashPoint } from './crash-preload.ts'
import { compilePreload, type DoomedProcess, startDoomed } from './crash-process.ts'

/** What agents sign for: the same for every process, whatever port it listens on. */
const PUBLIC_URL = 'http://gateway.test:4020'
export const DEPOSIT = 1_000_000n

/** A unit a token in, two units a token out. */
export const OUTPUT_PRICE = 2
export const MODEL = 'gpt-4o-mini'
const PRICES = {
  models: {
    [MODEL]: {
      provider: 'openai',
      formats: ['openai-chat'],
      input: '1000000',
      output: `${OUTPUT_PRICE}000000`,
      context_window: 100_000,
      max_output_tokens: 1_000,
    },
  },
}

const RECEIPT_KEY = 'receipt-key.json'
const PRICES_FILE = 'prices.json'

export interface CrashSite {
  readonly network: TestNetwork
  /** An agent with DEPOSIT on the chain that no other case uses. */
  takeWallet(): Wallet
  /** A data folder that is not there yet. */
  newFolder(): string
  /** A data folder with a ledger on which every deposit of the start is credited, by a watcher. */
  newBooks(): string
  start(
    command: 'serve' | 'watch',
    dataDir: string,
    providerUrl: string,
    point?: CrashPoint,
  ): DoomedProcess
  /** Kills what still runs. */
  close(): Promise<void>
}

/** Asks the gateway at `url` as the wallet's owner. */
export function callerAt(url: unknown, { keypair, key }: Wallet): TestAgent {
  const audience = { origin: PUBLIC_URL, chain: 'localnet' } as const
  return seededAgent(String(url), audience, Buffer.from(keypair.secretKey.subarray(0, 32)), key)
}

/**
 * Starts a chain on which so many agents have deposited, and keeps one ledger that has credited them all. The gateway is
 * the network's own, or the one that `withGateway` puts on it.
 */
export async function openCrashSite(
  walletCount: number,
  withGateway = async (network: TestNetwork) => network,
): Promise<CrashSite> {
  const network = await withGateway(await startTestNetwork())
  const folder = mkdtempSync(join(tmpdir(), 'level5-crash-'))
  const { secretKey } = network.operator
  writeFileSync(join(folder, RECEIPT_KEY), JSON.stringify([...secretKey]), { mode: 0o600 })
  writeFileSync(join(folder, PRICES_FILE), JSON.stringify(PRICES))
  const preload = compilePreload()
  const running = new Set<DoomedProcess>()
  const wallets = await Promise.all(
    Array.from({ length: walletCount }, () => walletWithDeposit(network)),
  )
  const free = [...wallets]
  const books = join(folder, 'books')
  let folders = 0
  const newFolder = () => {
    folders += 1
    return join(folder, `${folders}`)
  }
  const site: CrashSite = {
    network,
    takeWallet() {
      const wallet = free.pop()
      if (wallet === undefined) throw new Error('open the crash site with more wallets')
      return wallet
    },
    newFolder,
    newBooks() {
      const copy = newFolder()
      cpSync(books, copy, { recursive: true })
      return copy
    },
    start(command, dataDir, providerUrl, point) {
      const env = environment(network, folder, dataDir, providerUrl)
      const process = startDoomed(command, env, preload, point ?? null)
      running.add(process)
      void process.gone.then(() => running.delete(process))
      return process
    },
    async close() {
      for (const process of running) process.kill()
      await Promise.all([...running].map(({ gone }) => gone))
      preload.dispose()
      rmSync(folder, { recursive: true, force: true })
      await network.stop()
    },
  }
  await creditAll(site, books, wallets)
  return site
}

async function walletWithDeposit(network: TestNetwork): Promise<Wallet> {
  const wallet = await newAgent(network, 10n * DEPOSIT)
  await land(network, openAndDeposit(wallet, DEPOSIT), [wallet.keypair])
  return wallet
}

/** Lets a real watcher credit the deposits to a new ledger, and stops it in good order. */
async function creditAll(
  site: CrashSite,
  dataDir: string,
  wallets: readonly Wallet[],
): Promise<void> {
  mkdirSync(dataDir)
  const watch = site.start('watch', dataDir, 'http://127.0.0.1:1')
  await watch.ready
  const { ledger, close } = openBooks(dataDir)
  await vi.waitUntil(
    async () => {
      const balances = await Promise.all(wallets.map(({ key }) => ledger.balance(key)))
      const isCredited = balances.every(({ available }) => available === DEPOSIT)
      return isCredited && (await ledger.cursor()) !== null
    },
    { timeout: 30_000, interval: 50 },
  )
  watch.child.kill('SIGTERM')
  await watch.gone
  await close()
}

function environment(
  { validator, program, gateway, mint }: TestNetwork,
  folder: string,
  dataDir: string,
  providerUrl: string,
): Record<string, string> {
  return {
    PORT: '0',
    PUBLIC_URL,
    DATA_DIR: dataDir,
    SOLANA_RPC_URL: validator.rpcUrl,
    SOLANA_WS_URL: validator.wsUrl,
    SOLANA_CHAIN: 'localnet',
    PROGRAM_ID: program.toBase58(),
    GATEWAY_ADDRESS: gateway.toBase58(),
    USDC_MINT: mint.toBase58(),
    RECEIPT_KEY: join(folder, RECEIPT_KEY),
    REQUIRE_VOUCHERS: 'false',
    PRICES_FILE: join(folder, PRICES_FILE),
    OPENAI_API_KEY: 'sk-of-the-operator',
    OPENAI_BASE_URL: `${providerUrl}/v1`,
  }
}
