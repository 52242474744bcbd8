/** The settings of the simulated gateways, beside those that each life draws for itself. */
import { paymentAddresses } from '../../../src/chain/configured.ts'
import type { Ledger } from '../../../src/ledger/ledger.ts'
import { USDC_DECIMALS, units } from '../../../src/money.ts'
import type { WatcherOptions } from '../../../watcher/start-watcher.ts'
import { ENDPOINT } from '../chain/encoding.ts'
import { GATEWAY, MINT, OPERATOR, PROGRAM, RECEIPTS } from '../chain/place.ts'
import { rpcUrlOf } from './network.ts'

export const ORIGIN = ENDPOINT
export const ADDRESSES = {
  program: PROGRAM.toBase58(),
  gateway: GATEWAY.toBase58(),
  mint: MINT.toBase58(),
}
export const BODY_BYTES_MAX = 65_536
/** In all longer than the vaults' delay leaves to a call. */
export const TIMEOUTS = { headersMs: 20_000, idleMs: 10_000, totalMs: 80_000 }
/** How long an agent must wait for its money: longer than any call lasts and any outage here. */
export const DELAY_SECONDS = 150
export const SETTLE_MARGIN_SECONDS = 85
/** Unsettled charges at which the crank collects. */
export const SETTLE_AT_UNITS = 4_000n
export const SILENT = { info: () => {}, warn: () => {}, error: () => {} }
export const SIGNER = {
  publicKey: RECEIPTS.address.toBytes(),
  sign: async (message: Uint8Array) => RECEIPTS.sign(message),
  close: async () => {},
}
export const addressesOf = paymentAddresses(ADDRESSES)

/** `life` names the process on the network. */
export function watcherOptions(life: number, ledger: Ledger, now: () => number): WatcherOptions {
  return {
    program: PROGRAM,
    gateway: GATEWAY,
    mint: MINT,
    ledger,
    rpcUrl: rpcUrlOf(life),
    wsUrl: null,
    rpcTimeoutMs: 10_000,
    pollIntervalMs: 5_000,
    operator: OPERATOR,
    receiptKey: RECEIPTS.address.toBytes(),
    minSyncUnits: units(10_000n),
    settling: {
      thresholdUnits: units(SETTLE_AT_UNITS),
      priorityFeeMax: 1_000,
      spread: () => life % 1_000,
    },
    now,
    log: SILENT,
  }
}

export function depositInstructions(agent: string) {
  const { vault, depositAddress } = addressesOf(agent)
  return {
    network: 'localnet',
    ...ADDRESSES,
    vault,
    deposit_address: depositAddress,
    asset: 'USDC' as const,
    decimals: USDC_DECIMALS,
    commitment: 'finalized' as const,
    rpc_url: null,
  }
}
