/**
 * The built `level5 serve` as a subject, with production's defaults: metering, durability, receipts and vouchers are on, its log
 * goes to a file. Only the watcher is off (`--no-watch`): there is no chain here, and the ledger is funded by hand.
 */
import { mkdtempSync, openSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Keypair } from '@solana/web3.js'
import { paymentAddresses } from '../../../src/chain/configured.ts'
import { voucherBytes } from '../../../src/chain/voucher.ts'
import type { Ledger } from '../../../src/ledger/ledger.ts'
import { openLedger } from '../../../src/ledger/sqlite/open-ledger.ts'
import { units } from '../../../src/money.ts'
import { EXECUTABLE } from '../../support/executable.ts'
import { startPinned } from '../processes.ts'
import { type BenchAgent, createBenchAgent, ORIGIN } from './bench-agent.ts'
import { firstLine, stopChild } from './start.ts'
import { CHAT, type Site, type Subject } from './subject.ts'

const FUNDS = units(1_000_000_000_000n)
const ADDRESS = Keypair.generate().publicKey.toBase58()

/** Gateways on one ledger, asked in both ways. */
export interface Level5 {
  readonly signed: Subject
  readonly session: Subject
  readonly agent: BenchAgent
  readonly ledgerFile: string
}

/** How it is set up: so many processes on one ledger, new, or a file that is there. */
export interface Level5Setup {
  readonly processes: 1 | 2
  readonly ledger: 'new' | { readonly bigFile: string }
}

export async function startLevel5(site: Site, { processes, ledger }: Level5Setup): Promise<Level5> {
  const variant = variantOf(processes, ledger)
  const folder = mkdtempSync(join(site.folder, 'level5-'))
  const ledgerFile = join(folder, 'ledger.sqlite')
  if (ledger !== 'new') renameSync(ledger.bigFile, ledgerFile)
  const agent = createBenchAgent()
  await fund(ledgerFile, agent)
  const key = join(folder, 'receipt-key.json')
  writeFileSync(key, JSON.stringify([...Keypair.generate().secretKey]))
  const running: Awaited<ReturnType<typeof startProcess>>[] = []
  for (let index = 0; index < processes; index += 1) {
    running.push(await startProcess(site, folder, key, index))
  }
  const asked = {
    foreign: false,
    pids: running.map(({ child }) => child.pid ?? 0),
    ports: running.map(({ url }) => Number(new URL(url).port)),
    path: CHAT,
    stop: async () => {
      await Promise.all(running.map(({ child }) => stopChild(child)))
    },
  }
  const token = await openSession(running[0]?.url ?? '', agent)
  const headers = { authorization: `Bearer ${token}` }
  const session = { kind: 'headers', headers } as const
  return {
    signed: { ...asked, name: `level5 signed${variant}`, credential: agent.credential },
    session: { ...asked, name: `level5 session${variant}`, credential: session },
    agent,
    ledgerFile,
  }
}

function variantOf(processes: 1 | 2, ledger: Level5Setup['ledger']) {
  if (ledger !== 'new') return ', big ledger'
  return processes === 2 ? ', 2 processes' : ''
}

/** Credits a deposit and keeps a voucher for all of it. */
async function fund(file: string, agent: BenchAgent): Promise<void> {
  const ledger = openLedger(file, null)
  const addresses = { program: ADDRESS, gateway: ADDRESS, mint: ADDRESS }
  const { vault, vaultKey } = paymentAddresses(addresses)(agent.pubkey)
  await ledger.knowVault(vault, agent.pubkey)
  await credit(ledger, agent.pubkey, vault)
  const signature = agent.sign(voucherBytes(vaultKey, FUNDS))
  await ledger.keepVoucher(agent.pubkey, { vault, cumulative: FUNDS, signature }, Date.now())
  await ledger.close()
}

async function credit(ledger: Ledger, agent: string, vault: string): Promise<void> {
  const event = { depositor: agent, signature: 'bench', instructionPath: '0', slot: 1 }
  const deposit = { vault, agent, amount: FUNDS, cumulative: FUNDS, depositIndex: 1n, ...event }
  const outcome = await ledger.credit(deposit, Date.now())
  if (outcome.kind !== 'credited') throw new Error(`the bench's deposit: ${outcome.kind}`)
}

async function startProcess(site: Site, folder: string, key: string, index: number) {
  const log = openSync(join(folder, `${index}.log`), 'a')
  const command = [process.execPath, EXECUTABLE, 'serve', '--no-watch', '--json']
  const child = startPinned(site.pinning, 'gateway', command, {
    stdio: ['ignore', 'pipe', log],
    env: {
      PATH: process.env['PATH'],
      PORT: '0',
      PUBLIC_URL: ORIGIN,
      DATA_DIR: folder,
      SOLANA_CHAIN: 'localnet',
      SOLANA_RPC_URL: 'http://127.0.0.1:9',
      PROGRAM_ID: ADDRESS,
      GATEWAY_ADDRESS: ADDRESS,
      USDC_MINT: ADDRESS,
      RECEIPT_KEY: key,
      OPENAI_API_KEY: 'bench',
      OPENAI_BASE_URL: `http://127.0.0.1:${site.providerPort}/v1`,
    },
  })
  const { url } = await firstLine<{ url: string }>(child, 'level5 serve')
  return { child, url }
}

/** A session without limits, opened as agents do. */
async function openSession(url: string, agent: BenchAgent): Promise<string> {
  const { message } = await post(`${url}/v1/sessions/challenge`, { pubkey: agent.pubkey })
  const signature = agent.sign(Buffer.from(String(message)))
  const { token } = await post(`${url}/v1/sessions`, { message, signature })
  return String(token)
}

async function post(url: string, body: object): Promise<Record<string, unknown>> {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`)
  return (await response.json()) as Record<string, unknown>
}
