/** Gateways on the same books: one dies beside one that lives, and one is asked to stop. */
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { LEASE_MS, SWEEP_MS } from '../../src/request/leases.ts'
import { lockBooks, openBooks } from '../support/crash-books.ts'
import { send, signCall } from '../support/crash-call.ts'
import {
  type CrashSite,
  callerAt,
  DEPOSIT,
  OUTPUT_PRICE,
  openCrashSite,
} from '../support/crash-site.ts'
import {
  type Behaviour,
  CHAT_USAGE,
  chatChunk,
  chatReply,
  DONE,
  startProvider,
  written,
} from '../support/provider.ts'
import { bodyOf, inputBoundOf, RESOLVED_WITHIN_MS } from './crash-a-call.ts'

const STREAM = { stream: true } as const
const USAGE = BigInt(CHAT_USAGE.prompt_tokens + OUTPUT_PRICE * CHAT_USAGE.completion_tokens)

let site: CrashSite
beforeAll(async () => {
  site = await openCrashSite(3)
})
afterAll(() => site.close())

/** A stream of which the test writes each event. */
function streamByHand(): { behaviour: Behaviour; write(event: string): Promise<void> } {
  let take: (response: ServerResponse) => void = () => {}
  const response = new Promise<ServerResponse>((resolve) => {
    take = resolve
  })
  return {
    behaviour(answer) {
      answer.writeHead(200, { 'content-type': 'text/event-stream' })
      answer.flushHeaders()
      take(answer)
    },
    write: async (event) => written(await response, event),
  }
}

async function isRefused(url: unknown): Promise<boolean> {
  const { hostname, port } = new URL(String(url))
  const socket = connect(Number(port), hostname)
  try {
    await once(socket, 'connect')
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ECONNREFUSED'
  } finally {
    socket.destroy()
  }
}

test.concurrent('L5: a stream that outlives its lease is swept by no other process; once its own is dead, it is', async () => {
  const wallet = site.takeWallet()
  const provider = await startProvider()
  const stream = streamByHand()
  provider.will(stream.behaviour)
  const dataDir = site.newBooks()
  const doomed = site.start('serve', dataDir, provider.url)
  const witness = site.start('serve', dataDir, provider.url)
  const [{ url }] = await Promise.all([doomed.ready, witness.ready])
  const books = openBooks(dataDir)

  const answer = send(url, signCall(callerAt(url, wallet), bodyOf(STREAM)))
  await stream.write(chatChunk('Hello'))
  await answer.has('Hello')
  const taken = books.holds(wallet.key)[0]
  if (taken === undefined) throw new Error('nothing is held')
  const outlived = Number(taken.started_at) + LEASE_MS + 2 * SWEEP_MS
  await vi.waitUntil(() => Date.now() > outlived, { timeout: 30_000, interval: 100 })
  const [open] = books.holds(wallet.key)
  expect(open).toMatchObject({ request_id: taken.request_id, amount: taken.amount })
  expect(await books.calls(wallet.key)).toEqual([])
  await stream.write(chatChunk(' there.'))
  await answer.has(' there.')
  doomed.kill()
  await doomed.gone
  const crashedAt = Date.now()
  const [left] = books.holds(wallet.key)
  expect(await answer.ended).toBe(false)

  await vi.waitUntil(() => books.holds(wallet.key).length === 0, { timeout: 30_000, interval: 50 })
  const [record, ...others] = await books.calls(wallet.key)
  expect(others).toEqual([])
  expect(record).toMatchObject({
    requestId: taken.request_id,
    charge: left?.recovery_charge,
    usage: { outcome: 'recovered' },
  })
  const first = inputBoundOf(STREAM) + BigInt(OUTPUT_PRICE * 'Hello'.length)
  expect(left?.recovery_charge).toBeGreaterThanOrEqual(first)
  expect(record?.endedAt).toBeLessThanOrEqual(crashedAt + RESOLVED_WITHIN_MS)
  expect(provider.seen).toHaveLength(1)
  expect(await books.ledger.audit()).toBeNull()
  await books.close()
  await provider.close()
})

test.concurrent('S2: SIGTERM lets a live stream end and charges it, and takes no new connection', async () => {
  const wallet = site.takeWallet()
  const provider = await startProvider()
  const stream = streamByHand()
  provider.will(stream.behaviour)
  const dataDir = site.newBooks()
  const gateway = site.start('serve', dataDir, provider.url)
  const { url } = await gateway.ready
  const answer = send(url, signCall(callerAt(url, wallet), bodyOf(STREAM)))
  await stream.write(chatChunk('Hello'))
  await answer.has('Hello')
  gateway.child.kill('SIGTERM')
  await vi.waitUntil(() => isRefused(url), { timeout: 20_000, interval: 20 })

  await stream.write(chatChunk(' there.'))
  await answer.has(' there.')
  await stream.write(chatChunk('', CHAT_USAGE) + DONE)
  expect(await answer.ended).toBe(true)
  expect(answer.text()).toContain(DONE)
  expect(await gateway.gone, gateway.log()).toBe(0)
  const books = openBooks(dataDir)
  expect(await books.calls(wallet.key)).toMatchObject([
    { state: 'settled', charge: USAGE, usage: { outcome: 'completed' } },
  ])
  expect(await books.ledger.balance(wallet.key)).toMatchObject({
    available: DEPOSIT - USAGE,
    held: 0n,
  })
  expect(await books.ledger.audit()).toBeNull()
  await books.close()
  await provider.close()
})

test.concurrent('L3 L6: while a hold cannot be written, nothing goes to the provider', async () => {
  const wallet = site.takeWallet()
  const provider = await startProvider()
  provider.will(chatReply())
  const dataDir = site.newBooks()
  const gateway = site.start('serve', dataDir, provider.url)
  const { url } = await gateway.ready
  const caller = callerAt(url, wallet)
  const unlock = lockBooks(dataDir)
  const refused = send(url, signCall(caller, bodyOf({})))
  expect(await refused.ended).toBe(true)
  unlock()
  expect(refused.status()).toBe(503)
  expect(refused.text()).toContain('ledger_unavailable')
  expect(provider.seen).toHaveLength(0)

  const answered = send(url, signCall(caller, bodyOf({})))
  expect(await answered.ended).toBe(true)
  expect(answered.status()).toBe(200)
  gateway.kill()
  await gateway.gone
  await provider.close()
})
