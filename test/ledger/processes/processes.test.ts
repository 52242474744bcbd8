/** Real processes on one file. */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { expect, onTestFinished, test } from 'vitest'
import type { IssuedReceipt } from '../../../src/ledger/receipt-ledger.ts'
import { openLedger } from '../../../src/ledger/sqlite/open-ledger.ts'
import {
  FIRST_PREV,
  type Receipt,
  receiptBytes,
  receiptDigest,
} from '../../../src/proof/receipt.ts'
import { TEST_ISSUER } from '../../support/receipt-key.ts'
import { AGENT, fund, LEASE_MS, NOW } from '../facts.ts'
import { newPath } from '../sqlite/files.ts'

const WORKER = new URL('worker.ts', import.meta.url).pathname

interface Worker {
  readonly process: ChildProcessByStdio<Writable, Readable, null>
  readonly lines: string[]
  /** Resolves when it has said so many lines. */
  said(count: number): Promise<void>
  readonly exited: Promise<number | null>
}

function startWorker(file: string, name: string, calls: number): Worker {
  const argv = ['--import', 'tsx', WORKER, file, name, String(calls)]
  const child = spawn(process.execPath, argv, { stdio: ['pipe', 'pipe', 'inherit'] })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  const lines: string[] = []
  const reader = createInterface(child.stdout)
  reader.on('line', (line) => lines.push(line))
  const exited = Promise.all([once(child, 'exit'), once(reader, 'close')]).then(
    ([[code]]) => code as number | null,
  )
  const said = async (count: number): Promise<void> => {
    while (lines.length < count) await once(reader, 'line')
  }
  return { process: child, lines, said, exited }
}

/** Whoever settled: every receipt names the one before it, and the totals rise by the charges. */
function expectChain(receipts: readonly IssuedReceipt[], length: number): void {
  expect(receipts).toHaveLength(length)
  let prev = FIRST_PREV
  for (const [index, { text, seq }] of receipts.entries()) {
    const receipt = JSON.parse(text) as Receipt
    expect([seq, receipt.seq, receipt.prev]).toEqual([index + 1, index + 1, prev])
    expect(receipt.spent).toBe(`${index + 1}`)
    prev = receiptDigest(receiptBytes(text))
  }
}

test('L6 C4: two processes on one file lose no credit, share no deposit, finish every call and keep one chain of receipts', async () => {
  const file = newPath()
  const ledger = openLedger(file, TEST_ISSUER)
  onTestFinished(() => ledger.close())
  await fund(ledger, 10_000n)
  const calls = 300
  const workers = ['a', 'b'].map((name) => startWorker(file, name, calls))
  await Promise.all(workers.map((worker) => worker.said(1)))
  for (const worker of workers) worker.process.stdin.write('go\n')
  expect(await Promise.all(workers.map((worker) => worker.exited))).toEqual([0, 0])
  const credited = workers.map(({ lines }) => Number(lines.at(-1)?.replace('done ', '')))
  expect(credited.reduce((sum, count) => sum + count)).toBe(40)
  expect(await ledger.balance(AGENT)).toMatchObject({
    deposited: 50_000n,
    spent: 600n,
    held: 0n,
    available: 49_400n,
  })
  expect(await ledger.calls(0, 1_000)).toHaveLength(2 * calls)
  expectChain(await ledger.receipts(AGENT, 0, 1_000), 2 * calls)
  expect(await ledger.audit()).toBeNull()
})

test('L5 L8: after kill -9 everything acknowledged is there, and what was open resolves', async () => {
  const file = newPath()
  const ledger = openLedger(file, TEST_ISSUER)
  onTestFinished(() => ledger.close())
  await fund(ledger, 1_000_000n)
  const worker = startWorker(file, 'k', 1_000_000)
  await worker.said(1)
  worker.process.stdin.write('go\n')
  await worker.said(300)
  worker.process.kill('SIGKILL')
  await worker.exited

  const { held } = await ledger.balance(AGENT)
  const settled = new Set((await ledger.calls(0, 100_000)).map(({ requestId }) => requestId))
  const resolved = await ledger.resolveExpired(NOW + LEASE_MS)
  expect(held).toBe(BigInt(resolved.length) * 3n)
  expect(resolved.length).toBeLessThanOrEqual(8)
  const known = new Set([...settled, ...resolved])
  const said = (verb: string) =>
    worker.lines.filter((line) => line.startsWith(verb)).map((line) => line.replace(verb, ''))
  expect(said('settled ').filter((id) => !settled.has(id))).toEqual([])
  expect(said('held ').filter((id) => !known.has(id))).toEqual([])
  expect(await ledger.balance(AGENT)).toMatchObject({ held: 0n })
  expect(await ledger.audit()).toBeNull()
})
