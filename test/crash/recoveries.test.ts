/** Gateways are killed while they resolve what others left, and while they open sessions. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { TestAgent } from '../support/agent.ts'
import { openBooks, openCopyOfBooks } from '../support/crash-books.ts'
import type { CrashPoint } from '../support/crash-preload.ts'
import { type CrashSite, callerAt, DEPOSIT, openCrashSite } from '../support/crash-site.ts'
import { bodyOf, crash, inputBoundOf, startLast, untilResolved } from './crash-a-call.ts'
import { PROVIDER_HAS_IT } from './steps.ts'

const NO_PROVIDER = 'http://127.0.0.1:9'
const SPEND_LIMIT = '100000'

let site: CrashSite
beforeAll(async () => {
  site = await openCrashSite(2)
})
afterAll(() => site.close())

function commit(commit: 'recovery' | 'session' | 'hold', side: 'before' | 'after'): CrashPoint {
  return { commit, side, nth: 1, armed: true }
}

test.concurrent('L4 L5: kill -9 on both sides of a recovery’s commit: the hold ends once', async () => {
  const dataDir = site.newBooks()
  const { wallet, hold } = await crash(site, dataDir, PROVIDER_HAS_IT)
  const leaseUntil = Number(hold?.lease_until)
  await vi.waitUntil(() => Date.now() > leaseUntil, { timeout: 20_000, interval: 50 })

  const left: number[] = []
  for (const side of ['before', 'after'] as const) {
    const sweeper = site.start('serve', dataDir, NO_PROVIDER, commit('recovery', side))
    expect(await sweeper.gone, sweeper.log()).toBe('SIGKILL')
    const books = openBooks(dataDir)
    left.push(books.holds(wallet.key).length)
    expect(await books.ledger.audit()).toBeNull()
    await books.close()
  }
  expect(left).toEqual([1, 0])

  const last = await startLast(site, dataDir)
  const charge = inputBoundOf(PROVIDER_HAS_IT)
  expect(await last.books.calls(wallet.key)).toMatchObject([
    { state: 'settled', charge, usage: { outcome: 'recovered' } },
  ])
  expect(await last.books.ledger.balance(wallet.key)).toMatchObject({
    available: DEPOSIT - charge,
    held: 0n,
    spent: charge,
  })
  await last.stop()
})

interface OpenSession {
  readonly status: number
  readonly token: string
}

/** What a client signs and sends to open a session at the gateway. */
async function signedChallenge(caller: TestAgent, url: unknown): Promise<string> {
  const body = JSON.stringify({ pubkey: caller.pubkey, spend_limit: SPEND_LIMIT })
  const response = await post(`${url}/v1/sessions/challenge`, body)
  const { message } = (await response.json()) as { message: string }
  return JSON.stringify({ message, signature: caller.signMessage(message) })
}

function post(url: string, body: string, headers: Record<string, string> = {}): Promise<Response> {
  const json = { 'content-type': 'application/json' }
  return fetch(url, { method: 'POST', body, headers: { ...json, ...headers } })
}

async function open(url: unknown, signed: string): Promise<OpenSession> {
  const response = await post(`${url}/v1/sessions`, signed)
  const { token = '' } = (await response.json()) as { token?: string }
  return { status: response.status, token }
}

test.concurrent('A2 A3 L1 L5: kill -9 around the commits of a session, and its limit after a call that died', async () => {
  const wallet = site.takeWallet()
  const dataDir = site.newBooks()
  const sessions: number[] = []
  for (const side of ['before', 'after'] as const) {
    const opening = site.start('serve', dataDir, NO_PROVIDER, commit('session', side))
    const { url } = await opening.ready
    const signed = await signedChallenge(callerAt(url, wallet), url)
    await expect(open(url, signed)).rejects.toThrow()
    expect(await opening.gone, opening.log()).toBe('SIGKILL')

    const left = openCopyOfBooks(dataDir)
    sessions.push((await left.ledger.sessions(wallet.key, Date.now())).length)
    await left.close()
  }
  expect(sessions).toEqual([0, 1])

  const doomed = site.start('serve', dataDir, NO_PROVIDER, commit('hold', 'after'))
  const { url } = await doomed.ready
  const signed = await signedChallenge(callerAt(url, wallet), url)
  const { status, token } = await open(url, signed)
  expect(status).toBe(201)
  expect((await open(url, signed)).status).toBe(401)
  const authorization = { authorization: `Bearer ${token}` }
  const call = post(`${url}/v1/chat/completions`, bodyOf({}), authorization)
  await expect(call).rejects.toThrow()
  expect(await doomed.gone, doomed.log()).toBe('SIGKILL')

  const last = await startLast(site, dataDir)
  expect((await open(last.url, signed)).status).toBe(401)
  await untilResolved(last, [wallet])
  const charge = inputBoundOf({})
  const now = await last.books.ledger.sessions(wallet.key, Date.now())
  expect(now.map(({ held, spent }) => [held, spent])).toEqual([
    [0n, charge],
    [0n, 0n],
  ])
  const answered = await post(`${last.url}/v1/chat/completions`, bodyOf({}), authorization)
  expect(answered.status).toBe(200)
  expect(await last.books.ledger.audit()).toBeNull()
  await last.stop()
})
