/**
 * Where the agent's money may go: the pinned program, gateway and mint, and the addresses that follow from them.
 * What a gateway says is compared, never believed. Source: chain contract, "Instructions"; wire contract, "Money routes". Pure.
 */
import { PublicKey } from '@solana/web3.js'
import { depositAddress, vaultAddress } from '../chain/addresses.ts'
import type { ChainName } from '../identity/signed-text.ts'
import type { DepositTerms } from './wire.ts'

/** What the agent's own configuration fixes; null where it leaves it to the gateway. Addresses are base58. */
export interface Pins {
  readonly chain: ChainName | null
  readonly program: string | null
  readonly gateway: string | null
  readonly mint: string | null
}

const CHAINS: readonly string[] = ['mainnet', 'devnet', 'testnet', 'localnet'] satisfies ChainName[]

/** Whether the terms may be paid without asking the owner: pinned, or on a chain whose money is worth nothing. */
export function mayBePaid(terms: DepositTerms, pins: Pins): boolean {
  return terms.network === 'localnet' || (pins.program !== null && pins.gateway !== null)
}

/** Pins everything that the terms name. */
export function pinned(terms: DepositTerms): Pins {
  const { network, program, gateway, mint } = terms
  return { chain: network, program, gateway, mint }
}

/**
 * Compares stated terms (of `GET /v1/deposit` or a 402's `payment`) with the pins and with what the agent derives.
 * Returns one line for each contradiction, or none.
 */
export function contradictions(stated: unknown, pins: Pins, agent: string): string[] {
  const terms = Object(stated) as Partial<Record<keyof DepositTerms, unknown>>
  const found: string[] = []
  function expect(field: keyof DepositTerms, expected: unknown): void {
    if (terms[field] !== expected) {
      found.push(`${field}: the gateway says ${JSON.stringify(terms[field])}, expected ${expected}`)
    }
  }
  if (pins.chain !== null) expect('network', pins.chain)
  else if (!CHAINS.some((chain) => chain === terms.network)) expect('network', CHAINS.join(' or '))
  if (pins.program !== null) expect('program', pins.program)
  if (pins.gateway !== null) expect('gateway', pins.gateway)
  if (pins.mint !== null) expect('mint', pins.mint)
  expect('asset', 'USDC')
  expect('decimals', 6)
  const program = address(pins.program ?? terms.program)
  const gateway = address(pins.gateway ?? terms.gateway)
  const mint = address(pins.mint ?? terms.mint)
  if (program === null || gateway === null || mint === null) {
    return [...found, 'program, gateway or mint: not an address']
  }
  const vault = vaultAddress(program, gateway, new PublicKey(agent))
  expect('vault', vault.toBase58())
  expect('deposit_address', depositAddress(vault, mint).toBase58())
  return found
}

/**
 * What a `PAYMENT-REQUIRED` header asks x402 clients to pay, other than the mint of these terms into their vault: one
 * line for each contradiction, or none. Such clients pay whatever it names.
 */
export function x402Contradictions(
  header: string,
  { vault, mint }: Pick<DepositTerms, 'vault' | 'mint'>,
): string[] {
  const accepts = acceptsOf(header)
  if (accepts === null) return ['PAYMENT-REQUIRED: not what an x402 gateway sends']
  return accepts.flatMap((stated: unknown) => {
    const { payTo, asset } = Object(stated) as { payTo?: unknown; asset?: unknown }
    const fields = [
      ['payTo', payTo, vault],
      ['asset', asset, mint],
    ] as const
    return fields
      .filter(([, said, expected]) => said !== expected)
      .map(
        ([field, said, expected]) =>
          `PAYMENT-REQUIRED ${field}: the gateway says ${JSON.stringify(said)}, expected ${expected}`,
      )
  })
}

function acceptsOf(header: string): unknown[] | null {
  try {
    const { accepts } = JSON.parse(Buffer.from(header, 'base64').toString()) as {
      accepts?: unknown
    }
    return Array.isArray(accepts) ? accepts : null
  } catch {
    return null
  }
}

function address(text: unknown): PublicKey | null {
  if (typeof text !== 'string') return null
  try {
    return new PublicKey(text)
  } catch {
    return null
  }
}
