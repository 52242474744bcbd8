/** Watchers for tests: on a real ledger file, against any RPC and WebSocket address. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, vi } from 'vitest'
import type { Ledger } from '../../src/ledger/ledger.ts'
import { openLedger } from '../../src/ledger/sqlite/open-ledger.ts'
import { units } from '../../src/money.ts'
import type { WatcherLog } from '../../watcher/log.ts'
import { startWatcher, type Watcher, type WatcherOptions } from '../../watcher/start-watcher.ts'
import type { TestNetwork } from './chain.ts'
import { TEST_ISSUER } from './receipt-key.ts'
import type { Depositor } from './watched-gateway.ts'

const CREDIT_WITHIN_MS = 60_000

/** A new ledger file, gone at `dispose`. */
export function newLedgerFile(): { ledger: Ledger; dispose(): Promise<void> } {
  const folder = mkdtempSync(join(tmpdir(), 'level5-watcher-'))
  const ledger = openLedger(join(folder, 'ledger.sqlite'), TEST_ISSUER)
  return {
    ledger,
    async dispose() {
      await ledger.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Keeps what the watcher says, newest last. */
export class KeptLog implements WatcherLog {
  readonly lines: { level: string; message: string; fields: object }[] = []
  info = (fields: object, message: string) => this.#keep('info', fields, message)
  warn = (fields: object, message: string) => this.#keep('warn', fields, message)
  error = (fields: object, message: string) => this.#keep('error', fields, message)

  #keep(level: string, fields: object, message: string): void {
    this.lines.push({ level, message, fields })
  }
}

/** Where a watcher of a test listens: the validator's own addresses, or something in between. */
export interface Endpoints {
  readonly rpcUrl: string
  readonly wsUrl: string | null
}

/** Starts a watcher of the network's gateway on `ledger`. */
export function watchGateway(
  network: TestNetwork,
  ledger: Ledger,
  { rpcUrl, wsUrl }: Endpoints,
  changed: Partial<WatcherOptions> = {},
): Watcher {
  const { program, gateway, mint, operator } = network
  return startWatcher({
    program,
    gateway,
    mint,
    ledger,
    rpcUrl,
    wsUrl,
    rpcTimeoutMs: 2_000,
    pollIntervalMs: 100,
    operator,
    receiptKey: operator.publicKey.toBytes(),
    minSyncUnits: units(10_000n),
    settling: null,
    now: () => Date.now(),
    log: new KeptLog(),
    ...changed,
  })
}

/** Waits until every depositor is credited exactly what it paid in; then books and chain must agree in everything [C1]. */
export async function untilCredited(
  ledger: Ledger,
  depositors: readonly Depositor[],
  context: () => unknown,
): Promise<void> {
  await vi.waitFor(
    async () => {
      for (const { agent, deposited } of depositors) {
        const balance = await ledger.balance(agent.key)
        expect(balance.deposited, JSON.stringify(context())).toBe(deposited)
      }
    },
    { timeout: CREDIT_WITHIN_MS, interval: 50 },
  )
  const vaults = await ledger.vaults()
  for (const depositor of depositors) {
    const booked = vaults.find(({ vault }) => vault === depositor.vault.toBase58())
    expect(booked).toMatchObject({ ...(await depositor.onChain()), stopped: null })
    const { available } = await ledger.balance(depositor.agent.key)
    expect(available).toBe(depositor.deposited)
  }
  expect(await ledger.audit()).toBeNull()
}
