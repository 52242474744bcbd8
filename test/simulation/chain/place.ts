/** The gateway, its operator and its agents, as keys that every world has alike; and their addresses. */
import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto'
import { Keypair, PublicKey } from '@solana/web3.js'
import bs58 from 'bs58'
import {
  depositAddress,
  gatewayAddress,
  tokenAddress,
  vaultAddress,
} from '../../../src/chain/addresses.ts'
import { vaultIdl } from '../../../src/chain/program-file.ts'

const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex')

export interface Key {
  readonly pubkey: string
  readonly address: PublicKey
  /** 64 bytes. */
  sign(bytes: Uint8Array): Uint8Array
}

function seedOf(name: string): Buffer {
  return createHash('sha256').update(`simulation ${name}`).digest()
}

export function keyOf(name: string): Key {
  const der = Buffer.concat([PKCS8, seedOf(name)])
  const key: KeyObject = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  const raw = createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32)
  return {
    pubkey: bs58.encode(raw),
    address: new PublicKey(raw),
    sign: (bytes) => sign(null, bytes, key),
  }
}

export const PROGRAM = new PublicKey(vaultIdl().address)
export const MINT = keyOf('mint').address
export const OPERATOR = Keypair.fromSeed(seedOf('operator'))
export const TREASURY = keyOf('treasury').address
export const RECEIPTS = keyOf('receipts')
export const GATEWAY = gatewayAddress(PROGRAM, OPERATOR.publicKey, MINT)
export const GENESIS = keyOf('genesis').pubkey
export const TREASURY_TOKENS = tokenAddress(TREASURY, MINT).toBase58()
export const BUMP = 255

export interface AgentPlace {
  readonly key: Key
  readonly vault: string
  readonly vaultKey: PublicKey
  readonly depositAddress: string
}

export function agentPlace(name: string): AgentPlace {
  const key = keyOf(name)
  const vaultKey = vaultAddress(PROGRAM, GATEWAY, key.address)
  return {
    key,
    vault: vaultKey.toBase58(),
    vaultKey,
    depositAddress: depositAddress(vaultKey, MINT).toBase58(),
  }
}
