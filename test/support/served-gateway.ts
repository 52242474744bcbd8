/** The built `level5 serve` in a process of its own, whose memory can be asked for. No chain: deposits are booked beforehand. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { Keypair } from '@solana/web3.js'
import { paymentAddresses } from '../../src/chain/configured.ts'
import { openLedger } from '../../src/ledger/sqlite/open-ledger.ts'
import { units } from '../../src/money.ts'
import { createTestAgent, type TestAgent } from './agent.ts'

const EXECUTABLE = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url))
const ORIGIN = 'http://gateway.test:4020'
const ADDRESS = Keypair.generate().publicKey.toBase58()

/** Runs in the gateway's process before it: answers each question with what lives once the garbage is gone. */
const TELL_MEMORY = `data:text/javascript,${encodeURIComponent(`
  process.on('message', () => {
    globalThis.gc()
    process.send({ ...process.memoryUsage(), handles: process.getActiveResourcesInfo() })
  })
  process.channel.unref()
`)}`

interface Memory {
  readonly rss: number
  readonly heapUsed: number
  readonly arrayBuffers: number
  /** By kind, as Node names them. */
  readonly handles: readonly string[]
}

export interface ServedGateway {
  readonly url: string
  /** Where its ledger lies. */
  readonly dataDir: string
  readonly agents: readonly TestAgent[]
  /** Collects the garbage of the gateway and says what is left. Bytes. */
  memory(): Promise<Memory>
  /** Resident bytes as the kernel counts them, the garbage included. */
  rssBytes(): number
  /** The most that it ever was, or since `forgetPeak`. */
  rssPeakBytes(): number
  forgetPeak(): void
  /** Sockets that it has open, listening ones included. */
  sockets(): number
  /** Ends it; resolves with its exit code. The folder is left. */
  end(): Promise<number | null>
  /** Ends it, and removes what it wrote. */
  close(): Promise<void>
}

export interface ServeOptions {
  readonly providerUrl: string
  readonly agents: number
  /** Of each agent, in units. */
  readonly funds: bigint
  readonly env?: Readonly<Record<string, string>>
}

export async function serveGateway(options: ServeOptions): Promise<ServedGateway> {
  const dataDir = mkdtempSync(join(tmpdir(), 'level5-served-'))
  const agents = Array.from({ length: options.agents }, () =>
    createTestAgent(ORIGIN, { origin: ORIGIN, chain: 'localnet' }),
  )
  await fund(dataDir, agents, options.funds)
  const child = start(dataDir, options)
  const [line] = (await once(createInterface(child.stdout ?? process.stdin), 'line')) as [string]
  const { url } = JSON.parse(line) as { url: string }
  const pid = child.pid ?? 0
  async function end(): Promise<number | null> {
    if (child.exitCode !== null) return child.exitCode
    child.kill()
    const [code] = (await once(child, 'exit')) as [number | null]
    return code
  }
  return {
    url,
    dataDir,
    agents,
    async memory() {
      child.send('memory')
      const [memory] = (await once(child, 'message')) as [Memory]
      return memory
    },
    rssBytes: () => statusBytes(pid, 'VmRSS'),
    rssPeakBytes: () => statusBytes(pid, 'VmHWM'),
    // The kernel's word for it: proc(5), clear_refs.
    forgetPeak: () => writeFileSync(`/proc/${pid}/clear_refs`, '5'),
    sockets: () => openSockets(pid),
    end,
    async close() {
      await end()
      rmSync(dataDir, { recursive: true })
    },
  }
}

function start(dataDir: string, { providerUrl, env = {} }: ServeOptions): ChildProcess {
  const key = join(dataDir, 'receipt-key.json')
  writeFileSync(key, JSON.stringify([...Keypair.generate().secretKey]))
  const node = ['--expose-gc', '--import', TELL_MEMORY]
  return spawn(process.execPath, [...node, EXECUTABLE, 'serve', '--no-watch', '--json'], {
    stdio: ['ignore', 'pipe', 'ignore', 'ipc'],
    env: {
      PORT: '0',
      PUBLIC_URL: ORIGIN,
      DATA_DIR: dataDir,
      SOLANA_CHAIN: 'localnet',
      SOLANA_RPC_URL: 'http://127.0.0.1:9',
      PROGRAM_ID: ADDRESS,
      GATEWAY_ADDRESS: ADDRESS,
      USDC_MINT: ADDRESS,
      RECEIPT_KEY: key,
      REQUIRE_VOUCHERS: 'false',
      OPENAI_API_KEY: 'none',
      OPENAI_BASE_URL: `${providerUrl}/v1`,
      ...env,
    },
  })
}

async function fund(dataDir: string, agents: readonly TestAgent[], funds: bigint): Promise<void> {
  const ledger = openLedger(join(dataDir, 'ledger.sqlite'), null)
  const addressesOf = paymentAddresses({ program: ADDRESS, gateway: ADDRESS, mint: ADDRESS })
  for (const { pubkey: agent } of agents) {
    const { vault } = addressesOf(agent)
    const amount = units(funds)
    await ledger.knowVault(vault, agent)
    const deposit = { vault, agent, amount, cumulative: amount, depositIndex: 1n, depositor: agent }
    await ledger.credit(
      { ...deposit, signature: `deposit-${agent}`, instructionPath: '0', slot: 1 },
      Date.now(),
    )
  }
  await ledger.close()
}

function statusBytes(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const kilobytes = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]
  if (kilobytes === undefined) throw new Error(`the kernel does not say ${field} of ${pid}`)
  return Number(kilobytes) * 1024
}

function openSockets(pid: number): number {
  const folder = `/proc/${pid}/fd`
  return readdirSync(folder).filter((fd) => target(`${folder}/${fd}`).startsWith('socket:')).length
}

/** What a descriptor points to; nothing where it was closed meanwhile. */
function target(link: string): string {
  try {
    return readlinkSync(link)
  } catch {
    return ''
  }
}
