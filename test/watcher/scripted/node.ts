/** Answers web3.js about a VaultChain, as a node that may lag, hide, shuffle and fail. */
import { createHash } from 'node:crypto'
import { Connection, PublicKey } from '@solana/web3.js'
import bs58 from 'bs58'
import { depositAddress, eventAuthority, vaultAddress } from '../../../src/chain/addresses.ts'
import { vaultIdl } from '../../../src/chain/program-file.ts'
import { RpcUnavailable } from '../../../src/chain/rpc.ts'
import {
  DELAY_SECONDS,
  FIRST_SLOT,
  type Landed,
  type VaultChain,
  type VaultState,
} from './vault-chain.ts'

function key(byte: number): PublicKey {
  return new PublicKey(new Uint8Array(32).fill(byte))
}

const [PROGRAM, GATEWAY, MINT, AGENT, PAYER] = [key(1), key(2), key(3), key(4), key(5)]
const VAULT = vaultAddress(PROGRAM, GATEWAY, AGENT)
export const SCRIPTED = {
  program: PROGRAM,
  gateway: GATEWAY,
  mint: MINT,
  agent: AGENT.toBase58(),
  vault: VAULT.toBase58(),
}

/** How the node sees its chain, and what it does to answers. */
export interface NodeView {
  /** Slots by which each commitment is behind. */
  readonly confirmedLag: number
  readonly finalLag: number
  /** Methods that get no answer; with a commitment behind a colon those that ask for it. */
  readonly failing: readonly string[]
  /** Signatures that no list has. */
  readonly hidden: readonly string[]
  /** Whether lists have the transactions of a slot in the order in which they landed, not the newest first. */
  readonly shuffled: boolean
  /** Whether accounts are not there yet. */
  readonly accountless: boolean
  /** After so many answers there is none. */
  readonly answers: number
}

export const HEALTHY: NodeView = {
  confirmedLag: 0,
  finalLag: 0,
  failing: [],
  hidden: [],
  shuffled: false,
  accountless: false,
  answers: Number.POSITIVE_INFINITY,
}

function discriminator(name: string): Buffer {
  return createHash('sha256').update(name).digest().subarray(0, 8)
}

function u64(...values: (bigint | number)[]): Buffer {
  const bytes = Buffer.alloc(8 * values.length)
  for (const [index, value] of values.entries()) bytes.writeBigInt64LE(BigInt(value), 8 * index)
  return bytes
}

function vaultData(state: VaultState): Buffer {
  const { deposited, settled, withdrawn, depositIndex, pending, withdrawableAt } = state
  return Buffer.concat([
    discriminator('account:Vault'),
    GATEWAY.toBuffer(),
    AGENT.toBuffer(),
    u64(deposited, settled, withdrawn, depositIndex, pending, withdrawableAt, DELAY_SECONDS),
    Buffer.from([255]),
  ])
}

function tokenData({ deposited, settled, withdrawn }: VaultState): Buffer {
  const bytes = Buffer.alloc(165)
  MINT.toBuffer().copy(bytes, 0)
  VAULT.toBuffer().copy(bytes, 32)
  bytes.writeBigUInt64LE(deposited - settled - withdrawn, 64)
  bytes[108] = 1
  return bytes
}

function eventData({ emitted, after }: Landed): Buffer {
  const parties = [VAULT, GATEWAY, AGENT].map((party) => party.toBuffer())
  const tag = Buffer.from('e445a52e51cb9a1d', 'hex')
  if (emitted === null) {
    return Buffer.concat([
      tag,
      discriminator('event:VaultOpenedEvent'),
      ...parties,
      u64(DELAY_SECONDS),
    ])
  }
  const { event, amount, cumulative } = emitted
  const rest = event === 'DepositEvent' ? [u64(after.depositIndex), PAYER.toBuffer()] : []
  const fields = [...parties, u64(amount, cumulative), ...rest]
  return Buffer.concat([tag, discriminator(`event:${event}`), ...fields])
}

/** The gateway's creation stands in the same transaction as the vault's opening. */
function transactionOf(landed: Landed): object {
  const initialize = vaultIdl().instructions.find(({ name }) => name === 'initialize_gateway')
  const data = landed.emitted === null ? Buffer.from(initialize?.discriminator ?? []) : Buffer.of(0)
  const event = { programIdIndex: 1, accounts: [2], data: bs58.encode(eventData(landed)) }
  return {
    slot: landed.slot,
    version: 'legacy',
    meta: {
      err: null,
      fee: 5000,
      preBalances: [],
      postBalances: [],
      innerInstructions: [{ index: 0, instructions: [event] }],
    },
    transaction: {
      signatures: [landed.signature],
      message: {
        accountKeys: [PAYER, PROGRAM, eventAuthority(PROGRAM), GATEWAY].map((at) => at.toBase58()),
        header: {
          numRequiredSignatures: 1,
          numReadonlySignedAccounts: 0,
          numReadonlyUnsignedAccounts: 2,
        },
        recentBlockhash: key(9).toBase58(),
        instructions: [{ programIdIndex: 1, accounts: [0, 3], data: bs58.encode(data) }],
      },
    },
  }
}

type Commitment = {
  readonly commitment?: string
  readonly limit?: number
  readonly before?: string
}

export class ScriptedNode {
  readonly #chain: VaultChain
  view: NodeView = HEALTHY
  #answered = 0
  readonly rpc = new Connection('http://scripted', {
    commitment: 'finalized',
    disableRetryOnRateLimit: true,
    fetch: (_, init) => this.#fetch(String(init?.body)),
  })

  constructor(chain: VaultChain) {
    this.#chain = chain
  }

  /** Sees the chain like this from now on. */
  look(view: Partial<NodeView> = {}): void {
    this.view = { ...HEALTHY, ...view }
    this.#answered = 0
  }

  async #fetch(body: string): Promise<Response> {
    const { id, method, params } = JSON.parse(body)
    const { commitment = 'finalized' } = (params.at(-1) ?? {}) as Commitment
    const { failing, answers } = this.view
    this.#answered += 1
    if (this.#answered > answers) throw new RpcUnavailable('the process died', null)
    if (failing.includes(method) || failing.includes(`${method}:${commitment}`)) {
      throw new RpcUnavailable(`no answer to ${method}`, null)
    }
    const result = this.#answer(method, params, commitment)
    return new Response(JSON.stringify({ jsonrpc: '2.0', id, result }))
  }

  #seen(commitment: string): number {
    const { confirmedLag, finalLag } = this.view
    const behind =
      commitment === 'finalized'
        ? this.#chain.finalSlot - finalLag
        : this.#chain.slot - confirmedLag
    return Math.max(FIRST_SLOT, behind)
  }

  #answer(method: string, params: unknown[], commitment: string): unknown {
    const slot = this.#seen(commitment)
    switch (method) {
      case 'getSlot':
        return slot
      case 'getFirstAvailableBlock':
        return 0
      case 'getMultipleAccounts':
        return {
          context: { slot },
          value: (params[0] as string[]).map((at) => this.#account(at, slot)),
        }
      case 'getSignaturesForAddress':
        return this.#list(params[1] as Commitment, slot)
      case 'getTransaction': {
        const found = this.#chain.landed.find(({ signature }) => signature === params[0])
        return found === undefined || found.slot > slot ? null : transactionOf(found)
      }
      default:
        throw new Error(`nobody asks a scripted node for ${method}`)
    }
  }

  #account(address: string, slot: number): object | null {
    const state = this.#chain.at(slot)
    const isTokens = address === depositAddress(VAULT, MINT).toBase58()
    const isKnown = address === SCRIPTED.vault || isTokens
    if (!isKnown || this.view.accountless) return null
    const data = isTokens ? tokenData(state) : vaultData(state)
    const owner = isTokens ? key(6) : PROGRAM
    return {
      data: [data.toString('base64'), 'base64'],
      executable: false,
      lamports: 1,
      owner: owner.toBase58(),
      rentEpoch: 0,
    }
  }

  #list({ limit = 1000, before }: Commitment, slot: number): object[] {
    const { hidden, shuffled } = this.view
    const listed = this.#chain.landed.filter(
      (one) => one.slot <= slot && !hidden.includes(one.signature),
    )
    const newestFirst = shuffled ? listed.toSorted((a, b) => b.slot - a.slot) : listed.toReversed()
    const rows = newestFirst.map(({ signature, slot: at }) => ({
      signature,
      slot: at,
      err: null,
      memo: null,
      confirmationStatus: at <= this.#seen('finalized') ? 'finalized' : 'confirmed',
    }))
    const start = rows.findIndex(({ signature }) => signature === before) + 1
    return rows.slice(start, start + limit)
  }
}
