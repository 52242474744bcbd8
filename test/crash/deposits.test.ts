/**
 * The watcher's process is killed on both sides of each of its commits, one death after the other on the same books,
 * until all that was paid is credited.
 */
import type { Keypair } from '@solana/web3.js'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { deposit } from '../../src/chain/instructions.ts'
import { sendTransaction } from '../../src/chain/send.ts'
import { units } from '../../src/money.ts'
import type { TestAgent as Wallet } from '../support/chain.ts'
import { type BookedDeposit, openBooks, openCopyOfBooks } from '../support/crash-books.ts'
import type { CrashPoint } from '../support/crash-preload.ts'
import { type CrashSite, DEPOSIT, openCrashSite } from '../support/crash-site.ts'

/** Nobody calls a provider here. */
const NO_PROVIDER = 'http://127.0.0.1:9'
const LATER_DEPOSITS = [200_000n, 300_000n, 400_000n]

/** Each of these is one commit of a watcher that finds one deposit after the other in the same vault. */
const DEATHS: readonly CrashPoint[] = [
  { commit: 'binding', side: 'before', nth: 1, armed: true },
  { commit: 'binding', side: 'after', nth: 1, armed: true },
  { commit: 'credit', side: 'before', nth: 1, armed: true },
  { commit: 'credit', side: 'after', nth: 1, armed: true },
  { commit: 'credit', side: 'before', nth: 1, armed: true },
  { commit: 'credit', side: 'after', nth: 2, armed: true },
  { commit: 'cursor', side: 'before', nth: 1, armed: true },
  { commit: 'cursor', side: 'after', nth: 1, armed: true },
]

let site: CrashSite
let wallet: Wallet
let later: { signature: string; amount: bigint; slot: bigint }[]

beforeAll(async () => {
  site = await openCrashSite(1)
  wallet = site.takeWallet()
  later = []
  for (const amount of LATER_DEPOSITS) {
    const { agent } = wallet.parties
    const signers: [Keypair] = [wallet.keypair]
    const instruction = deposit(wallet.parties, agent, units(amount))
    const outcome = await sendTransaction(site.network.rpc, [instruction], signers, 'finalized')
    if (outcome.kind !== 'landed') throw new Error(JSON.stringify(outcome))
    later.push({ signature: outcome.signature, amount, slot: BigInt(outcome.slot) })
  }
})
afterAll(() => site.close())

/** Lets a process die at the point, and reads what it left: never a cursor beyond what is credited [C5]. */
async function die(
  command: 'serve' | 'watch',
  dataDir: string,
  point: CrashPoint,
): Promise<{ booked: BookedDeposit[]; cursorSlot: number }> {
  const process = site.start(command, dataDir, NO_PROVIDER, point)
  expect(await process.gone, process.log()).toBe('SIGKILL')
  const left = openCopyOfBooks(dataDir)
  const booked = left.deposits()
  const cursorSlot = (await left.ledger.cursor())?.slot ?? 0
  expect(await left.ledger.audit()).toBeNull()
  await left.close()
  const signatures = booked.map(({ signature }) => signature)
  const passed = later.filter(({ slot }) => slot <= BigInt(cursorSlot))
  expect(signatures).toEqual(expect.arrayContaining(passed.map(({ signature }) => signature)))
  return { booked, cursorSlot }
}

test.concurrent.each([
  ['serve', 'on a ledger with a cursor', () => site.newBooks()],
  ['watch', 'on a new ledger', () => site.newFolder()],
] as const)(
  'C1 C4 C5 L1: kill -9 of `%s` around every commit credits each deposit once, %s',
  async (command, _books, newFolder) => {
    const dataDir = newFolder()
    const isNew = command === 'watch'
    const deaths: object[] = []
    for (const point of DEATHS) {
      const { booked, cursorSlot } = await die(command, dataDir, point)
      const newest = cursorSlot >= Number(later.at(-1)?.slot)
      deaths.push({ credited: booked.length, newest })
    }
    const first = isNew ? 0 : 1
    expect(deaths).toEqual(
      [first, first, first, first + 1, first + 1, first + 3, 4, 4].map((credited, index) => ({
        credited,
        newest: index === DEATHS.length - 1,
      })),
    )

    const survivor = site.start(command, dataDir, NO_PROVIDER)
    await survivor.ready
    const books = openBooks(dataDir)
    const paid = LATER_DEPOSITS.reduce((sum, amount) => sum + amount, DEPOSIT)
    await vi.waitUntil(
      async () => {
        const { deposited } = await books.ledger.balance(wallet.key)
        const slot = (await books.ledger.cursor())?.slot ?? 0
        return deposited === paid && slot >= Number(later.at(-1)?.slot)
      },
      { timeout: 30_000, interval: 50 },
    )
    // What it goes on to read again changes nothing.
    survivor.child.kill('SIGTERM')
    expect(await survivor.gone, survivor.log()).toBe(0)
    expect(books.deposits().slice(1)).toEqual(later)
    expect(await books.ledger.balance(wallet.key)).toMatchObject({
      available: paid,
      deposited: paid,
    })
    expect(await books.ledger.audit()).toBeNull()
    await books.close()
  },
)
