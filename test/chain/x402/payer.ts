/** An x402 client as anybody would set it up: the published packages, unmodified. */
import { createKeyPairSignerFromBytes } from '@solana/kit'
import { decodePaymentResponseHeader, wrapFetchWithPayment, x402Client } from '@x402/fetch'
import { ExactSvmScheme } from '@x402/svm/exact/client'
import type { Fetch } from '../../../src/agent/signing-fetch.ts'

const DEVNET = 'solana:EtWTRABZaYq6iMfeYKouRu166VU2xqa1'

/** Such clients pay in Circle's USDC only, unless told of another mint; this one pays up to 5 USDC at once. */
const PAYMENT_MAX = '5000000'

/** A fetch that answers a 402 by paying from the wallet of this secret key (64 bytes). */
export async function payingFetch(
  fetch: Fetch,
  secretKey: Uint8Array,
  { rpc_url: rpcUrl, mint: asset }: { readonly rpc_url: string; readonly mint: string },
): Promise<Fetch> {
  const signer = await createKeyPairSignerFromBytes(secretKey)
  const client = new x402Client().register(DEVNET, new ExactSvmScheme(signer, { rpcUrl }))
  client.setSpendControls({
    allowedAssets: [{ network: DEVNET, asset, maxAmountPerPayment: PAYMENT_MAX }],
  })
  return wrapFetchWithPayment(fetch, client)
}

/** What `PAYMENT-RESPONSE` says. */
export function settlementOf(response: Response): ReturnType<typeof decodePaymentResponseHeader> {
  return decodePaymentResponseHeader(response.headers.get('payment-response') ?? '')
}
