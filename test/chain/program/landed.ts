/** Calls that are really made, and what they leave behind. */
import type {
  AccountInfo,
  Connection,
  Keypair,
  PublicKey,
  TransactionInstruction,
} from '@solana/web3.js'
import bs58 from 'bs58'
import { sendTransaction } from '../../../src/chain/send.ts'
import { readTokenAccount } from '../../../src/chain/token.ts'
import { coder } from './anchor-coder.ts'
import { PROGRAM } from './scenario.ts'

const EVENT_TAG = Buffer.from('e445a52e51cb9a1d', 'hex')

/** Sends, waits for `confirmed`, and gives the signature. Throws when it did not land. */
export async function land(
  rpc: Connection,
  instructions: readonly TransactionInstruction[],
  signers: readonly [Keypair, ...Keypair[]],
): Promise<string> {
  const outcome = await sendTransaction(rpc, instructions, signers, 'confirmed')
  if (outcome.kind !== 'landed') throw new Error(JSON.stringify(outcome))
  return outcome.signature
}

export interface LandedEvent {
  readonly name: string
  /** Keys in base58, numbers in decimal. */
  readonly fields: Readonly<Record<string, string>>
}

/** The program's self-CPIs in a transaction, decoded by Anchor's coder; anything undecodable throws. */
export async function eventsOf(rpc: Connection, signature: string): Promise<LandedEvent[]> {
  const found = await rpc.getTransaction(signature, {
    commitment: 'confirmed',
    maxSupportedTransactionVersion: 0,
  })
  if (found?.meta?.innerInstructions == null) throw new Error(`${signature} has no inner ones`)
  const keys = found.transaction.message.getAccountKeys()
  const inner = found.meta.innerInstructions.flatMap(({ instructions }) => instructions)
  return inner
    .filter(({ programIdIndex }) => keys.get(programIdIndex)?.equals(PROGRAM))
    .map(({ data }) => readEvent(Buffer.from(bs58.decode(data))))
}

function readEvent(data: Buffer): LandedEvent {
  if (!EVENT_TAG.equals(data.subarray(0, EVENT_TAG.length))) throw new Error('a CPI, no event')
  const event = coder.events.decode(data.subarray(EVENT_TAG.length).toString('base64'))
  if (event === null) throw new Error(`no event of ours: ${data.toString('hex')}`)
  return { name: event.name, fields: plain(event.data) }
}

/** The account, as confirmed. Throws when there is none. */
export async function accountAt(rpc: Connection, address: PublicKey): Promise<AccountInfo<Buffer>> {
  const found = await rpc.getAccountInfo(address, 'confirmed')
  if (found === null) throw new Error(`nothing at ${address.toBase58()}`)
  return found
}

/** What lies on a token account. Throws when there is none. */
export async function balanceOf(rpc: Connection, address: PublicKey): Promise<bigint> {
  const account = readTokenAccount((await accountAt(rpc, address)).data)
  if (account === null) throw new Error(`no token account at ${address.toBase58()}`)
  return account.amount
}

/** An account's fields as Anchor's coder reads them. */
export async function fieldsOf(rpc: Connection, name: 'Gateway' | 'Vault', address: PublicKey) {
  const { data } = await accountAt(rpc, address)
  return plain(coder.accounts.decode(name, data))
}

function plain(values: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, `${value}`]))
}
