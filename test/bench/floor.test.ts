// The floor is what level5 is held against: it must do all that it is said to do.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect, onTestFinished, test } from 'vitest'
import { chatReply, chatStream, startProvider, streamReply } from '../support/provider.ts'
import { requestHeads } from './request-heads.ts'
import { startFloor } from './subjects/floor.ts'
import { chatBody } from './workload.ts'

const BODY = chatBody({ bytes: 100, answer: 'whole' })

test('the floor answers what is signed and nothing else, and each charge is on disk before its answer', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'level5-floor-'))
  const provider = await startProvider()
  const providerPort = Number(new URL(provider.url).port)
  const pinning = { kind: 'unpinned', why: 'a test' } as const
  const floor = await startFloor({ pinning, folder, providerPort })
  onTestFinished(async () => {
    await floor.stop()
    await provider.close()
    rmSync(folder, { recursive: true })
  })
  const book = new Database(join(folder, 'floor.sqlite'), { readonly: true })
  const charges = () => book.prepare('SELECT charge FROM holds').pluck().all()
  const funds = () => book.prepare('SELECT balance + held FROM agents').pluck().get() as number
  const before = funds()
  const url = `http://127.0.0.1:${floor.ports[0]}${floor.path}`
  const [first, second, third] = requestHeads({ ...floor, requests: 3 }, Buffer.from(BODY)).map(
    headersOf,
  )
  const ask = (headers: Record<string, string> = {}, body = BODY) =>
    fetch(url, { method: 'POST', headers, body })

  provider.will(chatReply(), streamReply(chatStream(['Hello', ' there', '.'])))
  expect(await (await ask(first)).json()).toMatchObject({ object: 'chat.completion' })
  expect(charges()).toEqual([10])
  expect(await (await ask(second)).text()).toBe(chatStream(['Hello', ' there', '.']).join(''))
  expect(charges()).toEqual([10, 10])
  expect(before - funds()).toBe(20)

  expect((await ask(third, `${BODY} `)).status).toBe(401)
  expect((await ask({ ...third, 'x-agent-nonce': 'another' })).status).toBe(401)
  expect(charges()).toHaveLength(2)
  expect(provider.seen).toHaveLength(2)
  book.close()
})

/** What a prepared head says of the agent. */
function headersOf(head: Buffer): Record<string, string> {
  const lines = head
    .toString()
    .split('\r\n')
    .filter((line) => line.startsWith('x-agent-'))
  return Object.fromEntries(lines.map((line) => line.split(': ')))
}
