import { Connection, Keypair } from '@solana/web3.js'
import { expect, test } from 'vitest'
import { units } from '../../src/money.ts'
import { TransferSync } from '../../watcher/sync-transfers.ts'
import { KeptLog } from '../support/watching.ts'

/** What a node takes in one `getSignatureStatuses`. */
const STATUSES_MAX = 256

const key = () => Keypair.generate().publicKey

/** A node that takes every transaction, and has each final at once. */
function scriptedNode() {
  const asked: { method: string; params: unknown[] }[] = []
  const answer = (method: string, [signatures]: unknown[]): unknown => {
    const context = { slot: 1 }
    switch (method) {
      case 'getLatestBlockhash': {
        return { context, value: { blockhash: key().toBase58(), lastValidBlockHeight: 150 } }
      }
      case 'getBlockHeight':
        return 1
      case 'sendTransaction':
        return 'sent'
      case 'getSignatureStatuses': {
        const some = signatures as string[]
        if (some.length > STATUSES_MAX) throw new Error('Too many inputs provided')
        const status = { slot: 1, confirmations: null, err: null, confirmationStatus: 'finalized' }
        return { context, value: some.map(() => status) }
      }
      default:
        throw new Error(`nobody asks for ${method}`)
    }
  }
  const rpc = new Connection('http://scripted', {
    fetch: async (_, init) => {
      const { id, method, params = [] } = JSON.parse(String(init?.body))
      asked.push({ method, params })
      return new Response(JSON.stringify({ jsonrpc: '2.0', id, result: answer(method, params) }))
    },
  })
  return { rpc, asked }
}

test('transfers to more vaults than a node tells of at once are all followed to their end', async () => {
  const { rpc, asked } = scriptedNode()
  const [program, gateway, mint] = [key(), key(), key()]
  const log = new KeptLog()
  const operator = Keypair.generate()
  const sync = new TransferSync({
    rpc,
    program,
    gateway,
    mint,
    operator,
    minSyncUnits: units(10_000n),
    log,
  })
  const zero = units(0n)
  const readings = Array.from({ length: STATUSES_MAX + 1 }, () => ({
    vault: key().toBase58(),
    agent: key().toBase58(),
    slot: 1,
    account: {
      gateway,
      agent: key(),
      deposited: zero,
      settled: zero,
      withdrawn: zero,
      depositIndex: 0n,
      pendingWithdrawal: zero,
      withdrawableAtSeconds: 0n,
      withdrawalDelaySeconds: 900n,
      bump: 255,
    },
    tokens: { mint, owner: gateway, amount: units(10_000n), frozen: false },
  }))
  const sent = () => asked.filter(({ method }) => method === 'sendTransaction').length
  await sync.run(readings)
  await sync.settleInFlight()
  expect(sent()).toBe(STATUSES_MAX + 1)
  // What is final is forgotten: a surplus that comes later is synchronised anew.
  await sync.run(readings)
  expect(sent()).toBe(2 * (STATUSES_MAX + 1))
})
