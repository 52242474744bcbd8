/** A `level5 dev` of its own for a test file, started from the built executable. */
import { type Agent, type AgentOptions, createAgent } from '../../src/agent/index.ts'
import type { ReadyDocument } from '../../src/cli/dev/dev-stack.ts'
import { newSecretKey } from '../../src/cli/keygen.ts'
import { type Service, startLevel5 } from './executable.ts'

export interface Stack {
  readonly ready: ReadyDocument
  readonly service: Service
  /** Asks the dev faucet for SOL and local USDC. */
  fund(pubkey: string, usdc: string): Promise<void>
  /** An agent with this much in its wallet, and nothing in a vault. */
  newAgent(walletUsdc: string, options?: Partial<AgentOptions>): Promise<Agent>
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

/** Starts `level5 dev --json` on a free port. */
export async function startStack(
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<Stack> {
  const service = await startLevel5(['dev', '--json', '--port', '0', ...args], env)
  const ready = JSON.parse(service.firstLine) as ReadyDocument
  async function fund(pubkey: string, usdc: string): Promise<void> {
    const headers = { 'content-type': 'application/json' }
    const body = JSON.stringify({ pubkey, usdc })
    const response = await fetch(`${ready.url}/dev/fund`, { method: 'POST', headers, body })
    if (!response.ok) throw new Error(`faucet: ${response.status} ${await response.text()}`)
  }
  return {
    ready,
    service,
    fund,
    async newAgent(walletUsdc, options = {}) {
      const agent = createAgent({ key: newSecretKey(), url: ready.url, ...options })
      await fund(agent.publicKey, walletUsdc)
      return agent
    },
    stop: service.stop,
  }
}
