/** What an operator configures about the chain, as text, turned into the chain's own types. */
import { readFileSync } from 'node:fs'
import { Keypair, PublicKey } from '@solana/web3.js'
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

/** Where an agent (base58) pays: derived, and remembered for the agents that asked last. */
export function paymentAddresses(
  addresses: ConfiguredGateway,
): (agent: string) => { readonly vault: string; readonly depositAddress: string } {
  const { program, gateway, mint } = configuredGateway(addresses)
  const known = new Map<string, { vault: string; depositAddress: string }>()
  return (agent) => {
    const found = known.get(agent)
    if (found !== undefined) return found
    const vault = vaultAddress(program, gateway, new PublicKey(agent))
    const derived = {
      vault: vault.toBase58(),
      depositAddress: depositAddress(vault, mint).toBase58(),
    }
    if (known.size >= REMEMBERED_MAX) known.delete(known.keys().next().value ?? '')
    known.set(agent, derived)
    return derived
  }
}

/** The keypair of a Solana CLI key file. Throws without a word of what the file holds. */
export function keypairOfFile(path: string): Keypair {
  let parsed: unknown
  try {
    parsed = JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    throw new Error(`key file ${path}: cannot be read as JSON`)
  }
  if (!Array.isArray(parsed) || parsed.length !== 64) {
    throw new Error(`key file ${path}: not a JSON array of 64 bytes`)
  }
  try {
    return Keypair.fromSecretKey(Uint8Array.from(parsed as number[]))
  } catch {
    throw new Error(`key file ${path}: its second half is not the key of its first`)
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
