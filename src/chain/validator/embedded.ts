/** The embedded validator: Surfpool's in-process Agave runtime, an optional dependency of this package. */
import { createRequire } from 'node:module'
import { Keypair } from '@solana/web3.js'
import { type LocalValidator, PAYER_LAMPORTS, type ValidatorOptions } from './local-validator.ts'

/** What is used of the native module, which carries no types of its own. */
interface Surfnet {
  readonly rpcUrl: string
  readonly wsUrl: string
  readonly payer: string
  readonly payerSecretKey: readonly number[]
  fundSol(address: string, lamports: number): void
  deploy(program: { programId: string; soPath: string }): void
  setAccount(address: string, lamports: number, data: readonly number[], owner: string): void
  /** Takes what the runtime has to tell. */
  drainEvents(): readonly unknown[]
  stop(): void
}

interface SurfnetModule {
  readonly Surfnet: {
    startWithConfig(config: {
      offline: boolean
      blockProductionMode: 'clock'
      slotTimeMs: number
    }): Surfnet
  }
}

/** The package that carries the runtime, by platform and architecture. */
const PACKAGES: Readonly<Record<string, string>> = {
  'linux-x64': '@solana/surfpool-linux-x64-gnu',
  'darwin-x64': '@solana/surfpool-darwin-x64',
  'darwin-arm64': '@solana/surfpool-darwin-arm64',
}

/**
 * The runtime tells of every slot and transaction through a queue of some 1000 places; once that is full it waits for a
 * reader and answers no request any more. Nobody here reads, so it is emptied this often.
 */
const DRAIN_MS = 100

/** 31 slots to finality make a deposit final after 1.6 s. */
const SLOT_TIME_MS = 50

function loadSurfnet(): SurfnetModule {
  const platform = `${process.platform}-${process.arch}`
  const name = PACKAGES[platform]
  const instead = 'use solana-test-validator instead (LEVEL5_VALIDATOR=solana-test-validator)'
  if (name === undefined) {
    throw new Error(`there is no embedded validator for ${platform}: ${instead}`)
  }
  try {
    return createRequire(import.meta.url)(name) as SurfnetModule
  } catch (cause) {
    throw new Error(
      `the embedded validator ${name} does not load: reinstall with optional dependencies, or ${instead}`,
      { cause },
    )
  }
}

/** Starts a chain inside this process. Throws where the platform has none, naming the alternative. */
export function startEmbedded(options: ValidatorOptions): LocalValidator {
  const surfnet = loadSurfnet().Surfnet.startWithConfig({
    offline: true,
    blockProductionMode: 'clock',
    slotTimeMs: options.slotTimeMs ?? SLOT_TIME_MS,
  })
  surfnet.fundSol(surfnet.payer, PAYER_LAMPORTS)
  for (const { address, file } of options.programs) {
    surfnet.deploy({ programId: address, soPath: file })
  }
  for (const { address, lamports, data, owner } of options.accounts ?? []) {
    surfnet.setAccount(address, lamports, [...data], owner)
  }
  const drain = setInterval(() => surfnet.drainEvents(), DRAIN_MS)
  drain.unref()
  let running = true
  return {
    kind: 'embedded',
    rpcUrl: surfnet.rpcUrl,
    wsUrl: surfnet.wsUrl,
    payer: Keypair.fromSecretKey(Uint8Array.from(surfnet.payerSecretKey)),
    async stop() {
      clearInterval(drain)
      if (running) surfnet.stop()
      running = false
    },
  }
}
