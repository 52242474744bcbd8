/** A real gateway on a real chain behind a tampering one, and an agent with a history of every kind. */
import { Keypair, PublicKey } from '@solana/web3.js'
import { MACHINE } from '../../../src/agent/clock.ts'
import type { Agent } from '../../../src/agent/index.ts'
import { readKeyFile } from '../../../src/agent/key.ts'
import { vaultAddress } from '../../../src/chain/addresses.ts'
import { ed25519Instruction, settle, updateGateway } from '../../../src/chain/instructions.ts'
import { connectRpc } from '../../../src/chain/rpc.ts'
import { sendTransaction } from '../../../src/chain/send.ts'
import { voucherBytes } from '../../../src/chain/voucher.ts'
import { newSecretKey } from '../../../src/cli/keygen.ts'
import { units } from '../../../src/money.ts'
import type { Delivered } from '../../proof/honest-gateway.ts'
import { type TestKey, testKey } from '../../proof/keys.ts'
import { type Stack, startStack } from '../../support/stack.ts'
import { type Tampering, TamperingGateway } from '../../support/tampering-gateway.ts'

/** A second look comes at once; waiting for the chain takes its time. */
const SLEEP_MS_MAX = 200

export class VerifySite {
  readonly stack: Stack
  readonly proxy: TamperingGateway
  readonly agent: Agent
  readonly secretKey: Uint8Array
  /** The receipt key: a hostile operator has it. */
  readonly key: TestKey

  private constructor(stack: Stack, proxy: TamperingGateway, secretKey: Uint8Array, agent: Agent) {
    this.stack = stack
    this.proxy = proxy
    this.secretKey = secretKey
    this.agent = agent
    this.key = testKey(Buffer.from(readKeyFile(stack.ready.receipt_key_file)).subarray(0, 32))
  }

  static async start(): Promise<VerifySite> {
    const stack = await startStack(['--withdrawal-delay', '100'])
    const proxy = await TamperingGateway.start(stack.ready.url)
    const secretKey = newSecretKey()
    const { program, gateway, rpc_url: rpcUrl } = stack.ready
    const sleep = (ms: number) => MACHINE.sleep(Math.min(ms, SLEEP_MS_MAX))
    const agent = await stack.newAgent('5', {
      key: secretKey,
      transport: proxy.transport,
      surroundings: { ...MACHINE, sleep },
      program,
      gateway,
      rpcUrl,
    })
    return new VerifySite(stack, proxy, secretKey, agent)
  }

  /** One call; the headers say how it is asked for. */
  async call(headers: Readonly<Record<string, string>> = {}): Promise<void> {
    const init = {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({
        model: 'gpt-4o-mini',
        messages: [{ role: 'user', content: 'hello' }],
      }),
    }
    const fetcher = 'authorization' in headers ? fetch : this.agent.fetch
    const response = await fetcher(`${this.stack.ready.url}/v1/chat/completions`, init)
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
    await response.arrayBuffer()
  }

  /** What is found under this tampering, kind by kind. */
  async kinds(tampering?: Tampering): Promise<string[]> {
    this.proxy.tamper(tampering)
    const { findings } = await this.agent.verify()
    this.proxy.tamper()
    return [...new Set(findings.map(({ kind }) => kind))].sort()
  }

  async receipts(): Promise<Delivered[]> {
    return (await this.agent.receipts({ limit: 500 })).data as unknown as Delivered[]
  }

  /** Settles this total, whatever was spent: the agent has signed for it, the operator takes it. */
  async settle(total: bigint): Promise<void> {
    const agent = Keypair.fromSecretKey(this.secretKey)
    const { operator, parties } = this.#parties(agent)
    const vault = vaultAddress(parties.program, parties.gateway, parties.agent)
    const cumulative = units(total)
    const settling = { authority: operator.publicKey, treasury: operator.publicKey }
    const voucher = voucherBytes(vault, cumulative)
    const proof = ed25519Instruction(parties.agent, voucher, this.#sign(voucher))
    await this.#land([proof, settle(parties, settling, cumulative)], operator)
  }

  /** Names another receipt key on chain. */
  async rotate(receiptKey: PublicKey): Promise<void> {
    const { operator, parties } = this.#parties(Keypair.fromSecretKey(this.secretKey))
    const terms = {
      treasury: operator.publicKey,
      withdrawalDelaySeconds: 100n,
      receiptKey,
      endpoint: this.stack.ready.url,
    }
    const { program, mint } = parties
    await this.#land([updateGateway(program, operator.publicKey, mint, terms)], operator)
  }

  async close(): Promise<void> {
    await this.proxy.close()
    await this.stack.stop()
  }

  #sign(message: Uint8Array): Uint8Array {
    const key = testKey(Buffer.from(this.secretKey.subarray(0, 32)))
    return Buffer.from(key.sign(message), 'base64')
  }

  #parties(agent: Keypair) {
    const { operator_key_file, program, gateway, mint } = this.stack.ready
    return {
      operator: Keypair.fromSecretKey(readKeyFile(operator_key_file)),
      parties: {
        program: new PublicKey(program),
        gateway: new PublicKey(gateway),
        mint: new PublicKey(mint),
        agent: agent.publicKey,
      },
    }
  }

  async #land(
    instructions: Parameters<typeof sendTransaction>[1],
    operator: Keypair,
  ): Promise<void> {
    const rpc = connectRpc({ url: this.stack.ready.rpc_url, timeoutMs: 10_000 })
    const outcome = await sendTransaction(rpc, instructions, [operator], 'finalized')
    if (outcome.kind !== 'landed') throw new Error(JSON.stringify(outcome))
  }
}
