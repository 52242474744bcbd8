/** What an operator configures about the chain, as text, turned into the chain's own types. */
import { PublicKey } from '@solana/web3.js'
import { depositAddress, vaultAddress } from './addresses.ts'

/** Addresses in base58. */
export interface ConfiguredGateway {
  readonly program: string
  readonly gateway: string
  readonly mint: string
}

/** Throws when one is not 32 bytes in base58, naming it. */
export function configuredGateway(addresses: ConfiguredGateway): {
  readonly program: PublicKey
  readonly gateway: PublicKey
  readonly mint: PublicKey
} {
  return {
    program: publicKey('program', addresses.program),
    gateway: publicKey('gateway', addresses.gateway),
    mint: publicKey('mint', addresses.mint),
  }
}

/** Where an agent's money is; `vault` and `depositAddress` in base58. */
export interface PaymentAddresses {
  readonly vault: string
  readonly vaultKey: PublicKey
  readonly depositAddress: string
}

/** Where an agent (base58) pays: derived, and remembered for the agents that asked last. */
export function paymentAddresses(
  addresses: ConfiguredGateway,
): (agent: string) => PaymentAddresses {
  const { program, gateway, mint } = configuredGateway(addresses)
  const known = new Map<string, PaymentAddresses>()
  return (agent) => {
    const found = known.get(agent)
    if (found !== undefined) return found
    const vaultKey = vaultAddress(program, gateway, new PublicKey(agent))
    const derived = {
      vault: vaultKey.toBase58(),
      vaultKey,
      depositAddress: depositAddress(vaultKey, mint).toBase58(),
    }
    if (known.size >= REMEMBERED_MAX) known.delete(known.keys().next().value ?? '')
    known.set(agent, derived)
    return derived
  }
}

/** The WebSocket that a node serves beside its RPC: the next port, or the same host where none is named. */
export function webSocketBeside(rpcUrl: string): string {
  const url = new URL(rpcUrl)
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  if (url.port !== '') url.port = String(Number(url.port) + 1)
  return url.href
}

const REMEMBERED_MAX = 10_000

function publicKey(name: string, text: string): PublicKey {
  try {
    return new PublicKey(text)
  } catch {
    throw new Error(`${name} ${text}: not 32 bytes in base58`)
  }
}
