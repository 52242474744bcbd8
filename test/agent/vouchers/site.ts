/** A gateway that requires vouchers, an RPC node that knows its account, and agents whose traffic a test reads and spoils. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { type Agent, type AgentOptions, createAgent } from '../../../src/agent/index.ts'
import type { Fetch } from '../../../src/agent/signing-fetch.ts'
import { newSecretKey } from '../../../src/cli/keygen.ts'
import { credit, startGateway, type TestGateway } from '../../support/gateway.ts'
import vectors from '../../vectors.json' with { type: 'json' }

/** A request that left the agent, and the status of its answer. */
export interface Sent {
  readonly method: string
  readonly target: string
  /** The total of the voucher that it carried, or null. */
  readonly voucher: bigint | null
  readonly status: number
}

export type Spoil = (target: string, answer: () => Promise<Response>) => Promise<Response>

export interface VoucherSite {
  readonly gateway: TestGateway
  /** What the RPC node says is the Gateway account's data, each time it is asked. */
  accounts: string[]
  /** An agent with this balance; `sent` fills as it talks, `spoil` stands between. */
  agent(balance: bigint, options?: Partial<AgentOptions>, spoil?: Spoil): Promise<VoucherAgent>
}

interface VoucherAgent {
  readonly agent: Agent
  readonly key: Uint8Array
  readonly sent: Sent[]
}

const GATEWAY_ACCOUNT = vectors.accounts.gateway.data_hex

export async function voucherSite(): Promise<VoucherSite> {
  const admission = { requireVouchers: true, settleMarginSeconds: 60 }
  const gateway = await startGateway({ admission })
  const site = { accounts: [GATEWAY_ACCOUNT] }
  const rpcUrl = await startNode(() =>
    site.accounts.length > 1 ? site.accounts.shift() : site.accounts[0],
  )
  let agents = 0
  return Object.assign(site, {
    gateway,
    async agent(balance: bigint, options: Partial<AgentOptions> = {}, spoil?: Spoil) {
      const key = options.key instanceof Uint8Array ? options.key : newSecretKey()
      const sent: Sent[] = []
      const agent = createAgent({
        key,
        url: gateway.url,
        chain: 'localnet',
        rpcUrl,
        vouchers: { limit: '1000' },
        transport: recording(sent, spoil),
        ...options,
      })
      agents += 1
      if (balance > 0n) await credit(gateway.ledger, agent.publicKey, balance, 1_000 + agents)
      return { agent, key, sent }
    },
  })
}

function recording(sent: Sent[], spoil: Spoil = (_, answer) => answer()): Fetch {
  return async (input, init) => {
    const target = new URL(String(input)).pathname
    const text = new Headers(init?.headers).get('x-agent-voucher') ?? voucherIn(init?.body)
    const response = await spoil(target, () => fetch(input, init))
    const voucher = text === null ? null : BigInt(text.split(':')[0] ?? '')
    sent.push({ method: init?.method ?? 'GET', target, voucher, status: response.status })
    return response
  }
}

/** The voucher of a session's opening. */
function voucherIn(body: unknown): string | null {
  if (typeof body !== 'string') return null
  const { voucher } = JSON.parse(body) as { voucher?: string }
  return voucher ?? null
}

interface Asked {
  readonly id: unknown
  readonly method: string
}

/** Answers `getAccountInfo` with the account's data, and every list with nothing. */
async function startNode(data: () => string | undefined): Promise<string> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const { id, method } = JSON.parse(Buffer.concat(chunks).toString()) as Asked
    const value = {
      data: [Buffer.from(data() ?? '', 'hex').toString('base64'), 'base64'],
      executable: false,
      lamports: 1,
      owner: vectors.program.program_id,
      rentEpoch: 0,
      space: 0,
    }
    const result = method === 'getAccountInfo' ? { context: { slot: 1 }, value } : []
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ jsonrpc: '2.0', id, result }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
