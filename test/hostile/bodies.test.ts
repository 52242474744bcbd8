/** S3 against a gateway in a process of its own: what strangers send does not fill its memory, and it goes on serving. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { until } from '../support/gateway.ts'
import { startProvider, type TestProvider } from '../support/provider.ts'
import { type ServedGateway, serveGateway } from '../support/served-gateway.ts'
import { BADLY_SIGNED, balanceOf, CALL, honestCall, open, type Raw, sendChunks } from './raw.ts'

const MB = 1_048_576
const MAX_BODY_MB = 4
/** The room of eight of the largest bodies, and as much again for what the collector has not seen yet and the sockets' own. */
const RSS_GROWTH_BYTES_MAX = 2 * 8 * MAX_BODY_MB * MB + 64 * MB
/** Four bodies of 200,000 bytes; kept one by one they take four hundred times as much. */
const BYTES_ONE_BY_ONE_MAX = 128 * MB
const CHUNKED = [...BADLY_SIGNED, 'transfer-encoding: chunked', 'connection: close']

let provider: TestProvider
let gateway: ServedGateway

beforeAll(async () => {
  provider = await startProvider()
  const env = { MAX_BODY_MB: `${MAX_BODY_MB}` }
  gateway = await serveGateway({ providerUrl: provider.url, agents: 1, funds: 1_000_000n, env })
  expect(await honestCall(gateway)).toBe(200)
}, 60_000)

afterAll(async () => {
  await gateway.close()
  await provider.close()
}, 60_000)

/** Runs it, and holds what must hold of the gateway meanwhile and afterwards. */
async function unharmed(
  attack: () => Promise<void>,
  growthBytesMax = RSS_GROWTH_BYTES_MAX,
): Promise<void> {
  gateway.forgetPeak()
  const { rss } = await gateway.memory()
  const before = await balanceOf(gateway)
  const asked = provider.seen.length
  await attack()
  expect(gateway.rssPeakBytes() - rss).toBeLessThan(growthBytesMax)
  expect(await balanceOf(gateway)).toEqual(before)
  expect(provider.seen.length).toBe(asked)
  expect(await honestCall(gateway)).toBe(200)
}

function many(count: number, headers: readonly string[]): Promise<Raw[]> {
  return Promise.all(Array.from({ length: count }, () => open(gateway.url, CALL, headers)))
}

function statusOf(answer: string): number {
  return Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1])
}

describe('S3: bodies', () => {
  test('of 100 MB, announced by nobody in particular, are refused unread', async () => {
    await unharmed(async () => {
      const announced = ['content-length: 100000000', 'connection: close']
      const raws = await many(20, announced)
      const answers = await Promise.all(raws.map(({ closed }) => closed))
      expect(answers.map(statusOf)).toEqual(Array(20).fill(401))
      expect(answers[0]).toContain('"code":"missing_credentials"')
    })
  })

  test.each([
    ['announced', 413, [...BADLY_SIGNED, 'content-length: 100000000', 'connection: close']],
    ['in chunks', 413, CHUNKED],
  ])('of 100 MB, several at once, badly signed, %s: %i', async (_how, status, headers) => {
    await unharmed(async () => {
      const raws = await many(3, headers)
      const piece = Buffer.alloc(MB, 'x')
      const isChunked = headers === CHUNKED
      const sending = raws.map(async (raw) => {
        if (isChunked) return sendChunks(raw, 100 * MB, 60_000, true)
        for (let sent = 0; sent < 100_000_000; sent += MB) {
          await raw.send(piece.subarray(0, Math.min(MB, 100_000_000 - sent)))
        }
      })
      await Promise.all(sending)
      const answers = await Promise.all(raws.map(({ closed }) => closed))
      expect(answers.map(statusOf)).toEqual(Array(3).fill(status))
      expect(answers[0]).toContain('"code":"request_too_large"')
    })
  })

  test('that never end share one room: the largest give way, an honest call is served meanwhile', async () => {
    const senders = 64
    await unharmed(async () => {
      const raws = await many(senders, CHUNKED)
      await Promise.all(raws.map((raw) => sendChunks(raw, 3.5 * MB, 60_000)))
      // Eight of four megabytes make the room: nine of three and a half. The others are told so and closed.
      const evicted = () => raws.filter(({ socket }) => socket.closed)
      await until(() => evicted().length >= senders - 9, 30_000)
      // Who was still sending when it was closed may have lost the answer to a reset.
      const answers = evicted().flatMap((raw) => (raw.text() === '' ? [] : [raw.text()]))
      expect(new Set(answers.map(statusOf))).toEqual(new Set([503]))
      expect(answers[0]).toContain('"code":"overloaded"')
      expect(answers[0]).toMatch(/^retry-after: 2\r$/im)
      expect(await balanceOf(gateway)).toMatchObject({ held: '0' })
      for (const { socket } of raws) socket.destroy()
    })
  })

  test('sent byte by byte take no more memory than their bytes', async () => {
    await unharmed(async () => {
      const raws = await many(4, CHUNKED)
      await Promise.all(raws.map((raw) => sendChunks(raw, 200_000, 1, true)))
      const answers = await Promise.all(raws.map(({ closed }) => closed))
      // It was read to its end: then the signature is looked at.
      expect(answers.map(statusOf)).toEqual(Array(4).fill(401))
    }, BYTES_ONE_BY_ONE_MAX)
  })
})

describe('S3: headers and connections', () => {
  test.each<[string, string[]]>([
    ['one of 40 KB', [`x-long: ${'a'.repeat(40_000)}`]],
    ['five thousand', Array.from({ length: 5_000 }, (_, index) => `x-${index}: a`)],
  ])('a flood of headers, %s, is a 413', async (_what, headers) => {
    await unharmed(async () => {
      const raws = await many(20, headers)
      const answers = await Promise.all(raws.map(({ closed }) => closed))
      expect(answers.map(statusOf)).toEqual(Array(20).fill(413))
      expect(answers[0]).toContain('"code":"request_too_large"')
    })
  })

  test('thousands of headers that fit are headers of a stranger', async () => {
    await unharmed(async () => {
      const headers = Array.from({ length: 4_000 }, (_, index) => `${index.toString(36)}:`)
      const [raw] = await many(1, [...headers, 'connection: close'])
      expect(statusOf((await raw?.closed) ?? '')).toBe(401)
    })
  })

  test('a thousand connections that say nothing cost little', async () => {
    await unharmed(async () => {
      const idle = await Promise.all(
        Array.from({ length: 1_000 }, () => open(gateway.url, CALL, [], 'unfinished')),
      )
      expect(await honestCallUncounted()).toBe(200)
      for (const { socket } of idle) socket.destroy()
    })
  })
})

/** A question that changes no books. */
async function honestCallUncounted(): Promise<number> {
  return (await fetch(`${gateway.url}/v1/models`)).status
}
