/** A gateway for tests: the real one on a real SQLite file, in front of a provider that a test commands. No chain. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { paymentAddresses } from '../../src/chain/configured.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import { openLedger } from '../../src/ledger/sqlite/open-ledger.ts'
import { createLog } from '../../src/log.ts'
import { challengeSecret } from '../../src/main/challenge-secret.ts'
import { type GatewayParts, type RunningGateway, runGateway } from '../../src/main/gateway.ts'
import { units, ZERO } from '../../src/money.ts'
import { providerAddresses } from '../../src/providers/registry.ts'
import type { DepositInstructions } from '../../src/routes/parts.ts'
import vectors from '../vectors.json' with { type: 'json' }
import { createTestAgent, type TestAgent } from './agent.ts'
import { startProvider, type TestProvider } from './provider.ts'
import { TEST_ISSUER, TEST_SIGNER } from './receipt-key.ts'

/** Prices per 1,000,000 tokens that make sums easy: a unit a token in, two units a token out. */
const MODELS = {
  'gpt-4o-mini': {
    provider: 'openai',
    formats: ['openai-chat', 'openai-responses'],
    input: '1000000',
    output: '2000000',
    context_window: 100_000,
    max_output_tokens: 1_000,
    tool_prompt_tokens: 100,
    image_tokens_max: 1_000,
  },
  'text-only': {
    provider: 'openai',
    formats: ['openai-chat'],
    input: '1000000',
    output: '2000000',
    context_window: 100_000,
    max_output_tokens: 1_000,
  },
  'embed-small': {
    provider: 'openai',
    formats: ['openai-embeddings'],
    input: '1000000',
    output: '1000000',
    context_window: 8_000,
    max_output_tokens: 1,
  },
  'claude-test': {
    provider: 'anthropic',
    formats: ['anthropic-messages', 'anthropic-count-tokens'],
    input: '1000000',
    output: '2000000',
    context_window: 100_000,
    max_output_tokens: 1_000,
  },
}

const ADDRESSES = {
  program: vectors.program.program_id,
  gateway: vectors.program.gateway.address,
  mint: vectors.program.mint,
}
/** Where the agents of the tests have their vaults; no chain knows of them. */
export const addressesOf = paymentAddresses(ADDRESSES)

export const OPERATOR_KEYS = ['sk-operator-openai-secret', 'sk-ant-operator-secret'] as const
export const ADMIN_TOKEN = 'admin-token-of-the-tests'

export interface TestGateway extends Omit<RunningGateway, 'close'> {
  /** Closes everything, or all but the ledger. */
  close(options?: { readonly keepLedger: boolean }): Promise<void>
  readonly ledger: Ledger
  readonly provider: TestProvider
  /** Read at each start. */
  readonly pricesFile: string
  /** Every line that was logged so far. */
  readonly log: string[]
  /** A new agent with this much money. */
  agent(balance: bigint): Promise<TestAgent>
  /** Closes gateway and ledger, and starts both again on the same file and port. */
  restart(): Promise<void>
}

export type TestGatewayOptions = Partial<
  Pick<
    GatewayParts,
    | 'publicUrl'
    | 'bodyBytesMax'
    | 'timeouts'
    | 'httpLimits'
    | 'drainMs'
    | 'adminToken'
    | 'dev'
    | 'now'
    | 'chain'
    | 'admission'
    | 'x402'
    /** Given, it signs receipts after they are written, as a command does. */
    | 'receiptSigner'
  >
>

export async function startGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const folder = mkdtempSync(join(tmpdir(), 'level5-gateway-'))
  const pricesFile = join(folder, 'prices.json')
  writeFileSync(pricesFile, JSON.stringify({ models: MODELS }))
  const provider = await startProvider()
  const log: string[] = []
  const file = join(folder, 'ledger.sqlite')
  const issuer = options.receiptSigner === undefined ? TEST_ISSUER : { ...TEST_ISSUER, sign: null }
  let ledger = openLedger(file, issuer)
  let port = 0
  const run = async (): Promise<RunningGateway> =>
    runGateway({
      host: '127.0.0.1',
      port,
      publicUrl: null,
      chainName: 'localnet',
      ledger,
      providers: providerAddresses({
        openai: { apiKey: OPERATOR_KEYS[0], baseUrl: `${provider.url}/v1` },
        anthropic: { apiKey: OPERATOR_KEYS[1], baseUrl: provider.url },
      }),
      prices: { pricesFile, markupPercent: 0 },
      timeouts: { headersMs: 5_000, idleMs: 5_000, totalMs: 20_000 },
      bodyBytesMax: 1_048_576,
      adminToken: ADMIN_TOKEN,
      admission: { requireVouchers: false, settleMarginSeconds: 60 },
      receiptSigner: TEST_SIGNER,
      addressesOf,
      depositInstructions,
      chain: null,
      dev: null,
      x402: null,
      log: createLog('trace', { write: (line: string) => void log.push(line) }),
      now: Date.now,
      challengeSecret: challengeSecret(folder, randomBytes),
      random: randomBytes,
      drainMs: 500,
      ...options,
    })
  let running = await run()
  port = running.port
  const { url } = running
  let closed = false
  async function close(how = { keepLedger: false }): Promise<void> {
    if (closed) return
    closed = true
    await running.close()
    if (!how.keepLedger) await ledger.close()
    await provider.close()
    rmSync(folder, { recursive: true })
  }
  onTestFinished(() => close())
  let agents = 0
  return {
    url,
    port,
    provider,
    pricesFile,
    log,
    get ledger() {
      return ledger
    },
    close,
    async agent(balance) {
      const agent = createTestAgent(url, { origin: url, chain: 'localnet' })
      agents += 1
      if (balance > 0n) await credit(ledger, agent.pubkey, balance, agents)
      return agent
    },
    async restart() {
      await running.close()
      await ledger.close()
      ledger = openLedger(file, issuer)
      running = await run()
    },
  }
}

/** Books a deposit, as the watcher would. */
export async function credit(
  ledger: Ledger,
  agent: string,
  amount: bigint,
  index: number,
): Promise<void> {
  const deposited = (await ledger.balance(agent)).deposited
  const { vault } = addressesOf(agent)
  const known = (await ledger.vaults()).find((item) => item.vault === vault)
  const outcome = await ledger.credit(
    {
      vault,
      agent,
      amount: units(amount),
      cumulative: units(deposited + amount),
      depositIndex: (known?.depositIndex ?? 0n) + 1n,
      depositor: agent,
      signature: `deposit-${index}-${agent}`,
      instructionPath: `${known?.depositIndex ?? 0n}`,
      slot: 1,
    },
    Date.now(),
  )
  if (outcome.kind !== 'credited') throw new Error(`not credited: ${outcome.kind}`)
}

/** Notes the withdrawal delay of an agent's vault, as the watcher reads it. */
export async function noteDelay(ledger: Ledger, agent: string, seconds: number): Promise<void> {
  const books = await ledger.balance(agent)
  const reading = {
    vault: addressesOf(agent).vault,
    slot: 1,
    confirmedSlot: 1,
    withdrawn: books.withdrawn,
    settled: books.settled,
    pending: ZERO,
    withdrawableAt: 0,
    confirmedPending: ZERO,
    confirmedWithdrawableAt: 0,
    withdrawalDelaySeconds: seconds,
  }
  await ledger.noteWithdrawal(reading, Date.now())
}

export function depositInstructions(agent: string): DepositInstructions {
  const { vault, depositAddress } = addressesOf(agent)
  return {
    network: 'localnet',
    ...ADDRESSES,
    vault,
    deposit_address: depositAddress,
    asset: 'USDC',
    decimals: 6,
    commitment: 'finalized',
    rpc_url: null,
  }
}

/** Resolves when `condition` holds; fails after `boundMs`. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  boundMs = 10_000,
): Promise<void> {
  const deadline = performance.now() + boundMs
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not true within ${boundMs} ms: ${condition}`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}
