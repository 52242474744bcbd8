/** Lets a gateway die at one step of a call, and says what it left. */
import { expect, vi } from 'vitest'
import type { TestAgent as Wallet } from '../support/chain.ts'
import { type OpenHold, openBooks, openCopyOfBooks } from '../support/crash-books.ts'
import { type SignedCall, send, signCall } from '../support/crash-call.ts'
import { type CrashSite, callerAt, MODEL } from '../support/crash-site.ts'
import { chatReply, startProvider } from '../support/provider.ts'
import type { Death } from './deaths.ts'

/** A hold is resolved by then after a crash, by any gateway that serves [L5]. */
export const RESOLVED_WITHIN_MS = 15_000

const ASKED = {
  model: MODEL,
  messages: [{ role: 'user', content: 'Say hello.' }],
  max_tokens: 50,
}
const STREAMED = { ...ASKED, stream: true, stream_options: { include_usage: true } }

export const bodyOf = ({ stream }: Pick<Death, 'stream'>): string =>
  JSON.stringify(stream ? STREAMED : ASKED)

/** The input bound of a call, in units: its bytes. */
export const inputBoundOf = (death: Pick<Death, 'stream'>): bigint =>
  BigInt(Buffer.byteLength(bodyOf(death)))

/** A gateway that died, and what it left. */
export interface Wreck {
  readonly death: Death
  readonly wallet: Wallet
  readonly call: SignedCall
  /** How often the provider was asked. */
  readonly asked: number
  /** Unix milliseconds. */
  readonly crashedAt: number
  readonly received: Death['received']
  /** What of the agent's was open on the books of the dead, if anything. */
  readonly hold: OpenHold | undefined
}

/** Kills a gateway at one step of its only call, sent with these headers too; the books that it leaves conserve [L1]. */
export async function crash(
  site: CrashSite,
  dataDir: string,
  death: Death,
  headers: Readonly<Record<string, string>> = {},
): Promise<Wreck> {
  const wallet = site.takeWallet()
  const provider = await startProvider()
  const gateway = site.start('serve', dataDir, provider.url, death.point?.(provider))
  const { url } = await gateway.ready
  provider.will(death.provider)
  const signed = signCall(callerAt(url, wallet), bodyOf(death))
  const call = { ...signed, headers: { ...signed.headers, ...headers } }
  const answer = send(url, call)
  await death.act?.({ answer, provider, gateway })
  expect(await gateway.gone, gateway.log()).toBe('SIGKILL')
  const crashedAt = Date.now()
  const isWhole = await answer.ended
  const left = openCopyOfBooks(dataDir)
  const [hold] = left.holds(wallet.key)
  expect(await left.ledger.audit(), death.step).toBeNull()
  await left.close()
  await provider.close()
  const asked = provider.seen.length
  const received = isWhole ? 'all' : answer.status() === null ? 'nothing' : 'a part'
  return { death, wallet, call, asked, crashedAt, received, hold }
}

/** A gateway that lives, with its books open beside it. */
export async function startLast(site: CrashSite, dataDir: string) {
  const provider = await startProvider()
  provider.will(chatReply())
  const gateway = site.start('serve', dataDir, provider.url)
  const { url } = await gateway.ready
  const readyAt = Date.now()
  const books = openBooks(dataDir)
  return {
    url,
    books,
    readyAt,
    async stop() {
      gateway.kill()
      await Promise.all([gateway.gone, books.close(), provider.close()])
    },
  }
}

export type LastGateway = Awaited<ReturnType<typeof startLast>>

/** Waits until no hold of these agents is open. */
export async function untilResolved(
  { books }: LastGateway,
  wallets: readonly Wallet[],
): Promise<void> {
  await vi.waitUntil(() => wallets.every(({ key }) => books.holds(key).length === 0), {
    timeout: 60_000,
    interval: 50,
  })
}
