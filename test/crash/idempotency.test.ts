/**
 * Gateways are killed at the steps of a call that came with an Idempotency-Key; a last one lives, and is asked the same
 * again: whatever the dead had got done, the agent pays once, and is answered or told. Source: docs/billing.md.
 */
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { codeOf, type ReadAnswer, readAnswer } from '../support/answer.ts'
import { type CrashSite, callerAt, DEPOSIT, openCrashSite } from '../support/crash-site.ts'
import {
  CHAT_USAGE,
  chatReply,
  chatStream,
  jsonReply,
  silence,
  startProvider,
  streamReply,
} from '../support/provider.ts'
import {
  bodyOf,
  crash,
  type LastGateway,
  startLast,
  untilResolved,
  type Wreck,
} from './crash-a-call.ts'
import { clientHas, commit, type Death, killWhen } from './deaths.ts'
import { PROVIDER_HAS_IT } from './steps.ts'

const CALL = '/v1/chat/completions'
const KEYED = { 'idempotency-key': 'whoever-lives-answers' }
const USED = BigInt(CHAT_USAGE.prompt_tokens + 2 * CHAT_USAGE.completion_tokens)
const STREAM = chatStream(['Hello', ' there.'])

/** What the same again gets once everything is resolved, and what was paid by then. */
interface Expected {
  readonly retry: 'answered' | 'sent again' | 'told what it paid'
  readonly spent: 'usage' | 'as recovered'
}

type KeyedDeath = Omit<Death, 'asked' | 'received' | 'remains'> & Expected

const DEATHS: readonly KeyedDeath[] = [
  {
    step: 'before the hold is committed',
    provider: silence,
    point: commit('hold', 'before'),
    retry: 'answered',
    spent: 'usage',
  },
  {
    step: 'after the hold is committed',
    provider: silence,
    point: commit('hold', 'after'),
    retry: 'told what it paid',
    spent: 'as recovered',
  },
  {
    step: 'before the release is committed',
    provider: jsonReply(500, {}),
    point: commit('end', 'before'),
    retry: 'told what it paid',
    spent: 'as recovered',
  },
  {
    step: 'after the release is committed',
    provider: jsonReply(500, {}),
    point: commit('end', 'after'),
    retry: 'answered',
    spent: 'usage',
  },
  {
    step: 'before the charge is committed',
    provider: chatReply(),
    point: commit('end', 'before'),
    retry: 'told what it paid',
    spent: 'as recovered',
  },
  {
    step: 'after the charge is committed',
    provider: chatReply(),
    point: commit('end', 'after'),
    retry: 'sent again',
    spent: 'usage',
  },
  {
    step: 'when the client has the first chunk',
    stream: true,
    provider: streamReply(STREAM.slice(0, 1), 'stall'),
    act: killWhen(clientHas('Hello')),
    retry: 'told what it paid',
    spent: 'as recovered',
  },
  {
    step: 'after the charge of a stream is committed',
    stream: true,
    provider: streamReply(STREAM),
    point: commit('end', 'after'),
    retry: 'sent again',
    spent: 'usage',
  },
]

let site: CrashSite
beforeAll(async () => {
  site = await openCrashSite(DEATHS.length + 2)
})
afterAll(() => site.close())

async function again(
  { url }: Pick<LastGateway, 'url'>,
  { wallet, death }: Wreck,
): Promise<ReadAnswer> {
  const body = bodyOf(death)
  const call = { method: 'POST', body, headers: KEYED }
  return await readAnswer(await callerAt(url, wallet).fetch(CALL, call))
}

function kindOf(answer: ReadAnswer, spent: bigint): string {
  const text = answer.bytes.toString()
  if (answer.status === 200) {
    const isWhole = answer.whole && text.includes(' there.')
    const kind = answer.headers.has('idempotent-replayed') ? 'sent again' : 'answered'
    return isWhole ? kind : `${kind}, but not whole: ${text}`
  }
  const isTold =
    codeOf(answer) === 'idempotency_conflict' &&
    answer.headers.get('x-should-retry') === 'false' &&
    text.includes(`was charged ${spent} units`)
  return isTold ? 'told what it paid' : text
}

async function spentOf({ books }: LastGateway, { wallet }: Wreck): Promise<bigint> {
  const { spent, held, available } = await books.ledger.balance(wallet.key)
  expect([held, available]).toEqual([0n, DEPOSIT - spent])
  return spent
}

test.concurrent('A4 L4 L5: kill -9 at the steps of a call with a key: it is charged once, and answered or told', async () => {
  const dataDir = site.newBooks()
  const wrecks: Wreck[] = []
  for (const death of DEATHS) {
    const step: Death = { ...death, asked: 0, received: 'nothing', remains: { kind: 'nothing' } }
    wrecks.push(await crash(site, dataDir, step, KEYED))
  }
  const last = await startLast(site, dataDir)
  const wallets = wrecks.map(({ wallet }) => wallet)
  await untilResolved(last, wallets)

  const table: Record<string, { retry: string; spent: string; calls: number }> = {}
  for (const wreck of wrecks) {
    const first = await again(last, wreck)
    const spent = await spentOf(last, wreck)
    const retry = kindOf(first, spent)
    const second = await again(last, wreck)
    expect(kindOf(second, spent)).toBe(retry === 'answered' ? 'sent again' : retry)
    if (retry !== 'told what it paid') expect(second.bytes).toEqual(first.bytes)
    expect(await spentOf(last, wreck)).toBe(spent)
    const calls = await last.books.calls(wreck.wallet.key)
    const recovered = wreck.hold?.recovery_charge
    table[wreck.death.step] = {
      retry,
      spent: spent === USED ? 'usage' : spent === recovered ? 'as recovered' : `${spent}`,
      calls: calls.filter(({ state }) => state === 'settled').length,
    }
  }
  expect(table).toEqual(
    Object.fromEntries(DEATHS.map(({ step, retry, spent }) => [step, { retry, spent, calls: 1 }])),
  )
  expect(await last.books.ledger.audit()).toBeNull()
  await last.stop()
})

test.concurrent('A4 L5: while the hold of a dead gateway is open, a retry waits, and nobody holds twice', async () => {
  const dataDir = site.newBooks()
  const wreck = await crash(site, dataDir, PROVIDER_HAS_IT, KEYED)
  const last = await startLast(site, dataDir)
  const told: unknown[] = []
  await vi.waitUntil(
    async () => {
      const answer = await again(last, wreck)
      expect(answer.status).toBe(409)
      if (told.at(-1) !== codeOf(answer)) told.push(codeOf(answer))
      expect(last.books.holds(wreck.wallet.key).length).toBeLessThanOrEqual(1)
      return told.at(-1) === 'idempotency_conflict'
    },
    { timeout: 30_000, interval: 100 },
  )
  expect(told).toEqual(['request_in_progress', 'idempotency_conflict'])
  expect(await spentOf(last, wreck)).toBe(wreck.hold?.recovery_charge)
  await last.stop()
})

test.concurrent('A4: two gateways on one ledger: the other one answers what the first was paid for', async () => {
  const dataDir = site.newBooks()
  const wallet = site.takeWallet()
  const provider = await startProvider()
  const gateways = [0, 1].map(() => site.start('serve', dataDir, provider.url))
  const [one, two] = await Promise.all(gateways.map(({ ready }) => ready))
  let answer = (): void => {}
  const mayAnswer = new Promise<void>((resolve) => {
    answer = resolve
  })
  provider.will(async (response, seen) => {
    await mayAnswer
    await chatReply()(response, seen)
  })
  const body = bodyOf({})
  const ask = (at: Record<string, unknown> | undefined) =>
    callerAt(at?.['url'], wallet).fetch(CALL, { method: 'POST', body, headers: KEYED })
  const running = ask(one)
  await vi.waitUntil(() => provider.seen.length === 1, { timeout: 30_000, interval: 10 })
  expect(codeOf(await readAnswer(await ask(two)))).toBe('request_in_progress')
  answer()
  const first = await readAnswer(await running)
  const other = await readAnswer(await ask(two))
  expect(other.bytes).toEqual(first.bytes)
  for (const name of ['x-receipt', 'x-charge', 'x-request-id']) {
    expect(other.headers.get(name)).toBe(first.headers.get(name))
  }
  expect(other.headers.get('x-balance-remaining')).toBe(`${DEPOSIT - USED}`)
  expect(provider.seen).toHaveLength(1)
  for (const gateway of gateways) gateway.kill()
  await Promise.all([...gateways.map(({ gone }) => gone), provider.close()])
})
