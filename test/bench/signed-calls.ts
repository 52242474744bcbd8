/**
 * Measures a signed, non-streaming call through the built `level5 serve`: requests per second, and what each costs the
 * gateway's process in CPU. The provider and the load run in processes of their own; every request is signed beforehand.
 * `npm run bench [requests] [vouchers]`: with the second, each call brings its agent's voucher and needs it. Compare figures of one run only: machines differ, and so do their busy minutes.
 */
import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { Keypair, type PublicKey } from '@solana/web3.js'
import { Pool } from 'undici'
import { paymentAddresses } from '../../src/chain/configured.ts'
import { voucherBytes, voucherHeader } from '../../src/chain/voucher.ts'
import { openLedger } from '../../src/ledger/sqlite/open-ledger.ts'
import { units } from '../../src/money.ts'
import { createTestAgent, type TestAgent } from '../support/agent.ts'
import { EXECUTABLE } from '../support/executable.ts'

const TARGET = '/v1/chat/completions'
const ORIGIN = 'http://gateway.test:4020'
const CONNECTIONS = [1, 32, 64]
const FUNDS = units(1_000_000_000n)
const ADDRESS = Keypair.generate().publicKey.toBase58()
const WARM_UP_REQUESTS = 300
/** Linux counts CPU time in these. */
const TICKS_PER_SECOND = 100
const BODY = JSON.stringify({
  model: 'gpt-4o-mini',
  max_tokens: 16,
  messages: [{ role: 'user', content: 'What does one call cost? '.repeat(40) }],
})
const ANSWER = JSON.stringify({
  id: 'chatcmpl-bench',
  object: 'chat.completion',
  created: 1,
  model: 'gpt-4o-mini',
  choices: [
    { index: 0, message: { role: 'assistant', content: 'Little.' }, finish_reason: 'stop' },
  ],
  usage: { prompt_tokens: 250, completion_tokens: 2, total_tokens: 252 },
})

async function serveAnswers(): Promise<void> {
  const server = createServer((request, response) => {
    request.resume()
    request.once('end', () => response.setHeader('content-type', 'application/json').end(ANSWER))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  process.send?.((server.address() as AddressInfo).port)
}

async function startProvider(): Promise<{ child: ChildProcess; port: number }> {
  const child = fork(fileURLToPath(import.meta.url), ['provider'], {
    execArgv: process.execArgv,
  })
  const [port] = (await once(child, 'message')) as [number]
  return { child, port }
}

async function fundLedger(folder: string, agent: string, vault: string): Promise<void> {
  const ledger = openLedger(join(folder, 'ledger.sqlite'), null)
  const amount = FUNDS
  await ledger.knowVault(vault, agent)
  await ledger.credit(
    {
      vault,
      agent,
      amount,
      cumulative: amount,
      depositIndex: 1n,
      depositor: agent,
      signature: 'bench',
      instructionPath: '0',
      slot: 1,
    },
    Date.now(),
  )
  await ledger.close()
}

async function startGateway(folder: string, providerPort: number, requireVouchers: boolean) {
  const key = join(folder, 'receipt-key.json')
  writeFileSync(key, JSON.stringify([...Keypair.generate().secretKey]))
  const child = spawn(process.execPath, [EXECUTABLE, 'serve', '--no-watch', '--json'], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: {
      PORT: '0',
      PUBLIC_URL: ORIGIN,
      DATA_DIR: folder,
      SOLANA_CHAIN: 'localnet',
      SOLANA_RPC_URL: 'http://127.0.0.1:9',
      PROGRAM_ID: ADDRESS,
      GATEWAY_ADDRESS: ADDRESS,
      USDC_MINT: ADDRESS,
      RECEIPT_KEY: key,
      REQUIRE_VOUCHERS: `${requireVouchers}`,
      OPENAI_API_KEY: 'bench',
      OPENAI_BASE_URL: `http://127.0.0.1:${providerPort}/v1`,
    },
  })
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  return { child, url: (JSON.parse(line) as { url: string }).url }
}

/** User and system CPU seconds of a process so far. */
function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

/** Sends all of them over so many connections, each as soon as the one before it is answered. */
async function drive(url: string, connections: number, signed: Record<string, string>[]) {
  const pool = new Pool(url, { connections, pipelining: 1 })
  const latenciesMs: number[] = []
  const queue = signed.values()
  async function connection(): Promise<void> {
    for (const headers of queue) {
      const start = performance.now()
      const options = { path: TARGET, method: 'POST', headers, body: BODY } as const
      const { statusCode, body } = await pool.request(options)
      const text = await body.text()
      if (statusCode !== 200) throw new Error(`${statusCode}: ${text}`)
      latenciesMs.push(performance.now() - start)
    }
  }
  const start = performance.now()
  await Promise.all(Array.from({ length: connections }, connection))
  const seconds = (performance.now() - start) / 1000
  await pool.close()
  latenciesMs.sort((a, b) => a - b)
  return { seconds, medianMs: latenciesMs[latenciesMs.length >> 1] ?? 0 }
}

/** What each request carries beside its signature. */
function voucherOf(agent: TestAgent, vaultKey: PublicKey): Record<string, string> {
  const bytes = agent.signBytes(voucherBytes(vaultKey, FUNDS))
  const signature = Buffer.from(bytes).toString('base64')
  return { 'x-agent-voucher': voucherHeader({ cumulative: FUNDS, expiresAt: 0n, signature }) }
}

async function bench(requests: number, requireVouchers: boolean): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'level5-bench-'))
  const provider = await startProvider()
  const agent = createTestAgent('', { origin: ORIGIN, chain: 'localnet' })
  const addresses = { program: ADDRESS, gateway: ADDRESS, mint: ADDRESS }
  const { vault, vaultKey } = paymentAddresses(addresses)(agent.pubkey)
  const voucher = requireVouchers ? voucherOf(agent, vaultKey) : {}
  await fundLedger(folder, agent.pubkey, vault)
  const gateway = await startGateway(folder, provider.port, requireVouchers)
  const sign = (count: number) =>
    Array.from({ length: count }, () => ({
      'content-type': 'application/json',
      ...agent.sign(TARGET, { method: 'POST', body: BODY }),
      ...voucher,
    }))
  try {
    await drive(gateway.url, 8, sign(WARM_UP_REQUESTS))
    process.stdout.write('connections  req/s  median ms  gateway CPU µs/request\n')
    for (const connections of CONNECTIONS) {
      const signed = sign(requests)
      const before = cpuSeconds(gateway.child.pid ?? 0)
      const { seconds, medianMs } = await drive(gateway.url, connections, signed)
      const cpuMicros = ((cpuSeconds(gateway.child.pid ?? 0) - before) / requests) * 1e6
      const cells = [`${connections}`.padStart(11), (requests / seconds).toFixed(0).padStart(5)]
      cells.push(medianMs.toFixed(2).padStart(9), cpuMicros.toFixed(0).padStart(22))
      process.stdout.write(`${cells.join('  ')}\n`)
    }
  } finally {
    gateway.child.kill()
    provider.child.kill()
    await once(gateway.child, 'exit')
    rmSync(folder, { recursive: true })
  }
}

if (process.argv[2] === 'provider') await serveAnswers()
else await bench(Number(process.argv[2] ?? 3000), process.argv[3] === 'vouchers')
