import { createHash } from 'node:crypto'
import { Connection, Keypair, type PublicKey } from '@solana/web3.js'
import { expect, test } from 'vitest'
import type { Settleable } from '../../src/ledger/voucher-ledger.ts'
import { units, ZERO } from '../../src/money.ts'
import { Crank } from '../../watcher/crank.ts'
import { KeptLog } from '../support/watching.ts'

const key = () => Keypair.generate().publicKey
const [program, gateway, mint, treasury] = [key(), key(), key(), key()]
const operator = Keypair.generate()

function discriminator(name: string): Buffer {
  return createHash('sha256').update(name).digest().subarray(0, 8)
}

function u64(...values: bigint[]): Buffer {
  const bytes = Buffer.alloc(8 * values.length)
  for (const [index, value] of values.entries()) bytes.writeBigUInt64LE(value, 8 * index)
  return bytes
}

const GATEWAY_DATA = Buffer.concat([
  discriminator('account:Gateway'),
  ...[operator.publicKey, treasury, mint].map((address) => address.toBuffer()),
  u64(900n),
  key().toBuffer(),
  Buffer.alloc(4),
  u64(0n),
  Buffer.from([255]),
])

/** What the chain says of a vault, which the books may not know yet. */
type Truth = Pick<Settleable, 'deposited' | 'settled' | 'pendingWithdrawal' | 'withdrawableAt'>

function vaultData(agent: PublicKey, truth: Truth): Buffer {
  const { deposited, settled, pendingWithdrawal, withdrawableAt } = truth
  return Buffer.concat([
    discriminator('account:Vault'),
    gateway.toBuffer(),
    agent.toBuffer(),
    u64(deposited, settled, 0n, 1n, pendingWithdrawal, BigInt(withdrawableAt), 900n),
    Buffer.from([255]),
  ])
}

/** A node that knows these accounts, and lets every transaction fail. */
function nodeOf(accounts: ReadonlyMap<string, Buffer>): Connection {
  const account = (address: string) => {
    const data = accounts.get(address)
    if (data === undefined) return null
    const stored = { executable: false, lamports: 1, owner: program.toBase58(), rentEpoch: 0 }
    return { ...stored, data: [data.toString('base64'), 'base64'] }
  }
  const answer = (method: string, [asked]: unknown[]): unknown => {
    const context = { slot: 1 }
    if (method === 'getAccountInfo') return { context, value: account(String(asked)) }
    if (method === 'getMultipleAccounts') {
      const addresses = asked as string[]
      if (addresses.length > 100) throw new Error('Too many inputs provided')
      return { context, value: addresses.map((address) => account(address)) }
    }
    throw new Error(`no answer to ${method}`)
  }
  return new Connection('http://scripted', {
    fetch: async (_, init) => {
      const { id, method, params = [] } = JSON.parse(String(init?.body))
      return new Response(JSON.stringify({ jsonrpc: '2.0', id, result: answer(method, params) }))
    },
  })
}

/** An agent that is about to withdraw all but what it spent, by the books. */
function leaving(withdrawableAt: number): Settleable {
  const vault = key().toBase58()
  const signature = Buffer.alloc(64).toString('base64')
  return {
    agent: key().toBase58(),
    vault,
    spent: units(10n),
    held: ZERO,
    deposited: units(1_000n),
    settled: ZERO,
    withdrawn: ZERO,
    owed: ZERO,
    pendingWithdrawal: units(900n),
    withdrawableAt,
    voucher: { vault, cumulative: units(10n), signature },
  }
}

test('C8: agents of whom the books say that they are due, and the chain that they are not, hold up nobody', async () => {
  const idle = Array.from({ length: 250 }, (_, index) => leaving(100 + index))
  const real = leaving(5_000)
  const accounts = new Map([
    [gateway.toBase58(), GATEWAY_DATA],
    [real.vault, vaultData(key(), real)],
    ...idle.map((own) => [own.vault, vaultData(key(), { ...own, settled: own.spent })] as const),
  ])
  const crank = new Crank({
    program,
    gateway,
    mint,
    operator,
    rpc: nodeOf(accounts),
    ledger: { unsettled: async () => [...idle, real] },
    thresholdUnits: units(1_000n),
    priorityFeeMax: 0,
    spread: () => 0,
    now: () => 0,
    log: new KeptLog(),
    signal: new AbortController().signal,
  })
  const { steps } = await crank.run({ byHand: false })
  expect(steps).toMatchObject([{ kind: 'failed', vault: real.vault }])
})
