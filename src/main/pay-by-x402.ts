/** Switches x402 on as the settings say: the operator's key pays the fees of what comes in. */
import bs58 from 'bs58'
import type { PaymentAddresses } from '../chain/configured.ts'
import { connectRpc } from '../chain/rpc.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { most, USDC_DECIMALS } from '../money.ts'
import type { ChainSettings } from '../settings.ts'
import type { MessageSigner } from '../signers/message-signer.ts'
import { connectPaymentChain } from '../x402/payment-chain.ts'
import type { SettlementLog } from '../x402/settlements.ts'
import { networkOf } from '../x402/wire.ts'
import { createX402, TOP_UP_MIN, type X402 } from '../x402/x402.ts'

export interface X402Options {
  readonly chain: ChainSettings
  readonly operator: MessageSigner
  readonly addressesOf: (agent: string) => PaymentAddresses
  readonly ledger: Ledger
  readonly wake: () => void
  readonly log: SettlementLog
  readonly now: () => number
}

const RPC_TIMEOUT_MS = 15_000

export function payByX402(options: X402Options): { readonly x402: X402; close(): void } {
  const { chain, operator, addressesOf, ledger, wake, log, now } = options
  const closing = new AbortController()
  const { signal } = closing
  const rpc = connectRpc({ url: chain.rpcUrl, timeoutMs: RPC_TIMEOUT_MS, signal })
  const x402 = createX402({
    site: {
      network: networkOf(chain.chain),
      mint: chain.mint,
      decimals: USDC_DECIMALS,
      feePayer: bs58.encode(operator.publicKey),
      // What is smaller than a surplus worth recognising would never be credited.
      minimum: most(chain.minSync, TOP_UP_MIN),
    },
    placeOf: addressesOf,
    operator,
    chain: connectPaymentChain(rpc, signal),
    ledger,
    wake,
    log,
    now,
    signal,
  })
  return { x402, close: () => closing.abort() }
}
