/** Accounts, events and transactions as an RPC node shows them. Source: chain contract, "Accounts" and "Instructions". */
import { createHash } from 'node:crypto'
import bs58 from 'bs58'
import { eventAuthority, TOKEN_PROGRAM } from '../../../src/chain/addresses.ts'
import type { Landed } from './cluster.ts'
import {
  type AgentPlace,
  BUMP,
  GATEWAY,
  keyOf,
  MINT,
  OPERATOR,
  PROGRAM,
  RECEIPTS,
  TREASURY,
} from './place.ts'
import type { VaultState } from './vault-program.ts'

export const ENDPOINT = 'https://gw.example.com'
const EVENT_TAG = Buffer.from('e445a52e51cb9a1d', 'hex')
const EVENT_AUTHORITY = eventAuthority(PROGRAM)
const STRANGER = keyOf('stranger').address
const BLOCKHASH = keyOf('blockhash').pubkey
export const OPENED_AT = 1_700_000_000n

const discriminators = new Map<string, Buffer>()

function discriminator(name: string): Buffer {
  const known = discriminators.get(name)
  if (known !== undefined) return known
  const bytes = createHash('sha256').update(name).digest().subarray(0, 8)
  discriminators.set(name, bytes)
  return bytes
}

function u64(...values: (bigint | number)[]): Buffer {
  const bytes = Buffer.alloc(8 * values.length)
  for (const [index, value] of values.entries()) bytes.writeBigInt64LE(BigInt(value), 8 * index)
  return bytes
}

function text(value: string): Buffer {
  return Buffer.concat([u64(Buffer.byteLength(value)).subarray(0, 4), Buffer.from(value)])
}

function shown(data: Buffer, owner: string): object {
  const [encoded, form] = [data.toString('base64'), 'base64']
  return { data: [encoded, form], executable: false, lamports: 1, owner, rentEpoch: 0 }
}

function gatewayTerms(delaySeconds: number): Buffer {
  const keys = [OPERATOR.publicKey, TREASURY, MINT].map((key) => key.toBuffer())
  const receipts = RECEIPTS.address.toBuffer()
  return Buffer.concat([...keys, u64(delaySeconds), receipts, text(ENDPOINT), u64(OPENED_AT)])
}

export function gatewayAccount(delaySeconds: number): object {
  const tag = discriminator('account:Gateway')
  return shown(
    Buffer.concat([tag, gatewayTerms(delaySeconds), Buffer.of(BUMP)]),
    PROGRAM.toBase58(),
  )
}

export function vaultAccount(agent: AgentPlace, state: VaultState, delaySeconds: number): object {
  const { deposited, settled, withdrawn, depositIndex, pending, withdrawableAt } = state
  const data = Buffer.concat([
    discriminator('account:Vault'),
    GATEWAY.toBuffer(),
    agent.key.address.toBuffer(),
    u64(deposited, settled, withdrawn, depositIndex, pending, withdrawableAt, delaySeconds),
    Buffer.of(BUMP),
  ])
  return shown(data, PROGRAM.toBase58())
}

export function tokenAccount(owner: Buffer, amount: bigint): object {
  const bytes = Buffer.alloc(165)
  MINT.toBuffer().copy(bytes, 0)
  owner.copy(bytes, 32)
  bytes.writeBigUInt64LE(amount, 64)
  bytes[108] = 1
  return shown(bytes, TOKEN_PROGRAM.toBase58())
}

type Agents = ReadonlyMap<string, AgentPlace>

function eventsOf(landed: Landed, agents: Agents, delaySeconds: number): Buffer[] {
  return landed.happened.flatMap(({ agent, emitted, after }) => {
    const place = agents.get(agent)
    if (emitted === null || place === undefined) return []
    const parties = [place.vaultKey, GATEWAY, place.key.address].map((key) => key.toBuffer())
    const { event, amount, cumulative } = emitted
    const tag = discriminator(`event:${event}`)
    if (event === 'VaultOpenedEvent')
      return [Buffer.concat([EVENT_TAG, tag, ...parties, u64(delaySeconds)])]
    const rest = event === 'DepositEvent' ? [u64(after.depositIndex), STRANGER.toBuffer()] : []
    return [Buffer.concat([EVENT_TAG, tag, ...parties, u64(amount, cumulative), ...rest])]
  })
}

/** The transaction that created the gateway: `initialize_gateway` with its event. */
function creation(delaySeconds: number): { data: Buffer; event: Buffer } {
  const terms = gatewayTerms(delaySeconds)
  const event = Buffer.concat([
    EVENT_TAG,
    discriminator('event:GatewayChangedEvent'),
    GATEWAY.toBuffer(),
    terms,
    Buffer.of(BUMP),
  ])
  return { data: discriminator('global:initialize_gateway'), event }
}

/** As `getTransaction` answers. Everything that names the gateway stands in one outer instruction. */
export function transactionOf(landed: Landed, agents: Agents, delaySeconds: number): object {
  const isCreation = landed.sent.acts.length === 0
  const born = creation(delaySeconds)
  const events = isCreation ? [born.event] : eventsOf(landed, agents, delaySeconds)
  const instructions = events.map((data) => ({
    programIdIndex: 1,
    accounts: [2],
    data: bs58.encode(data),
  }))
  const data = isCreation ? born.data : Buffer.of(0)
  const err = landed.failed && {
    InstructionError: [landed.failed.act, { Custom: landed.failed.code }],
  }
  return {
    slot: landed.slot,
    version: 'legacy',
    meta: {
      err,
      fee: 5000,
      preBalances: [1_000_000],
      postBalances: [995_000],
      computeUnitsConsumed: 20_000,
      innerInstructions: err === null ? [{ index: 0, instructions }] : [],
    },
    transaction: {
      signatures: [landed.signature],
      message: {
        accountKeys: [STRANGER, PROGRAM, EVENT_AUTHORITY, GATEWAY].map((key) => key.toBase58()),
        header: {
          numRequiredSignatures: 1,
          numReadonlySignedAccounts: 0,
          numReadonlyUnsignedAccounts: 2,
        },
        recentBlockhash: BLOCKHASH,
        instructions: [{ programIdIndex: 1, accounts: [3, 3], data: bs58.encode(data) }],
      },
    },
  }
}
