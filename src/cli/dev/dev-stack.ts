/** The whole system on this machine: chain, program, mint, stand-in provider, gateway and watcher in one process. */
import { randomBytes } from 'node:crypto'
import { type Connection, PublicKey } from '@solana/web3.js'
import {
  fundWallet,
  type LocalNetwork,
  setUpLocalNetwork,
  vaultProgram,
} from '../../chain/local-network.ts'
import { connectRpc } from '../../chain/rpc.ts'
import type { ValidatorKind } from '../../chain/validator/local-validator.ts'
import { startValidator } from '../../chain/validator/validator.ts'
import { systemClock } from '../../clock.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import { startGateway } from '../../main.ts'
import type { Units } from '../../money.ts'
import { type StandIn, startStandIn } from '../../providers/stand-in/server.ts'
import type { Settings } from '../../settings.ts'
import { requireSettings } from '../require-settings.ts'
import { keyFile, openDataFolder } from './data-folder.ts'
import { devEnvironment } from './dev-settings.ts'
import { claimablePort } from './free-port.ts'

export interface DevOptions {
  /** 0: a free one. */
  readonly port: number
  /** Null: a fresh temporary folder, removed at the end. */
  readonly dataDir: string | null
  readonly withdrawalDelaySeconds: number
  readonly validator: ValidatorKind
  readonly env: Readonly<Record<string, string | undefined>>
}

/** What `level5 dev --json` prints when everything answers. */
export interface ReadyDocument {
  readonly ready: true
  readonly url: string
  readonly rpc_url: string
  readonly ws_url: string
  readonly chain: 'localnet'
  readonly program: string
  readonly gateway: string
  readonly mint: string
  readonly admin_token: string
  readonly data_dir: string
  readonly receipt_key_file: string
  readonly operator_key_file: string
}

export interface DevStack {
  readonly ready: ReadyDocument
  readonly network: LocalNetwork
  readonly rpc: Connection
  readonly standIn: StandIn
  readonly ledger: Ledger
  /** As the gateway was started with. */
  readonly settings: Settings
  /** Stops gateway and watcher; the chain goes on. */
  stopGateway(): Promise<void>
  /** Stops everything, the last started first. */
  close(): Promise<void>
}

const RPC_TIMEOUT_MS = 15_000
/** Enough for a wallet's rent and fees for a long time: 10 SOL. */
const FUNDED_LAMPORTS = 10_000_000_000n
/** Makes a stream visible to the eye and costs a test little. */
const EVENT_PAUSE_MS = 5

/** Starts the stack; when a part does not start, the parts before it are stopped again. */
export async function startDevStack(options: DevOptions): Promise<DevStack> {
  const closers: (() => Promise<void> | void)[] = []
  const close = async () => {
    for (const stop of closers.splice(0).reverse()) await stop()
  }
  try {
    return { ...(await start(options, (stop) => closers.push(stop))), close }
  } catch (cause) {
    await close()
    throw cause
  }
}

async function start(
  options: DevOptions,
  onClose: (stop: () => Promise<void> | void) => void,
): Promise<Omit<DevStack, 'close'>> {
  const port = await claimablePort(options.port)
  const origin = `http://127.0.0.1:${port}`
  const folder = openDataFolder(options.dataDir, systemClock())
  onClose(folder.discard)
  const receipt = keyFile(folder.path, 'receipt-key.json')
  const operator = keyFile(folder.path, 'operator-key.json')
  const validator = await startValidator(options.validator, {
    programs: [vaultProgram(options.env['LEVEL5_VAULT_SO'])],
  })
  onClose(validator.stop)
  const rpc = connectRpc({ url: validator.rpcUrl, timeoutMs: RPC_TIMEOUT_MS })
  const network = await setUpLocalNetwork(rpc, validator.payer, operator.keypair, {
    withdrawalDelaySeconds: BigInt(options.withdrawalDelaySeconds),
    receiptKey: receipt.keypair.publicKey,
    endpoint: origin,
  })
  const standIn = await startStandIn({ now: systemClock, eventPauseMs: EVENT_PAUSE_MS })
  onClose(standIn.close)
  const addresses = addressesOf(network)
  const adminToken = options.env['ADMIN_TOKEN'] || randomBytes(24).toString('base64url')
  const env = devEnvironment(options.env, {
    ...addresses,
    origin,
    port,
    dataDir: folder.path,
    rpcUrl: validator.rpcUrl,
    wsUrl: validator.wsUrl,
    receiptKeyFile: receipt.path,
    operatorKeyFile: operator.path,
    adminToken,
    standInUrl: standIn.url,
  })
  const settings = requireSettings(env, 'serve')
  const gateway = await startGateway(settings, { dev: faucet(rpc, network) })
  let stopping: Promise<void> | null = null
  function stopGateway(): Promise<void> {
    stopping ??= gateway.close()
    return stopping
  }
  onClose(stopGateway)
  const ready: ReadyDocument = {
    ready: true,
    url: gateway.url,
    rpc_url: validator.rpcUrl,
    ws_url: validator.wsUrl,
    chain: 'localnet',
    ...addresses,
    admin_token: adminToken,
    data_dir: folder.path,
    receipt_key_file: receipt.path,
    operator_key_file: operator.path,
  }
  return { ready, network, rpc, standIn, ledger: gateway.ledger, settings, stopGateway }
}

function addressesOf({ program, gateway, mint }: LocalNetwork) {
  return { program: program.toBase58(), gateway: gateway.toBase58(), mint: mint.toBase58() }
}

/** Money for whoever asks: exists in `dev` only. */
function faucet(rpc: Connection, network: LocalNetwork) {
  return {
    async fund(pubkey: string, usdc: Units) {
      const funds = { lamports: FUNDED_LAMPORTS, usdc }
      const signature = await fundWallet(rpc, network, new PublicKey(pubkey), funds)
      return { signature, lamports: FUNDED_LAMPORTS }
    },
  }
}
