/** The public clusters: how a node tells which one it follows, and the USDC that counts there. */
import type { Connection } from '@solana/web3.js'

interface Cluster {
  readonly chain: 'mainnet' | 'devnet' | 'testnet'
  readonly genesisHash: string
  /** Circle's mint; null where Circle has none. */
  readonly usdcMint: string | null
}

export const CLUSTERS: readonly Cluster[] = [
  {
    chain: 'mainnet',
    genesisHash: '5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d',
    usdcMint: 'EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v',
  },
  {
    chain: 'devnet',
    genesisHash: 'EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG',
    usdcMint: '4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU',
  },
  {
    chain: 'testnet',
    genesisHash: '4uhcVJyU9pJkvQyS88uRDiswHXSCkY3zQawwpjk2NsNY',
    usdcMint: null,
  },
]

/** Circle's mint on a chain of this name, or null where there is none to know. */
export function usdcMintOf(chain: string): string | null {
  return CLUSTERS.find((cluster) => cluster.chain === chain)?.usdcMint ?? null
}

/** Asks the node for its genesis hash; a chain that nobody knows is a local one. */
export async function clusterOf(
  rpc: Connection,
): Promise<{ readonly chain: Cluster['chain'] | 'localnet'; readonly usdcMint: string | null }> {
  const hash = await rpc.getGenesisHash()
  const known = CLUSTERS.find(({ genesisHash }) => genesisHash === hash)
  return known ?? { chain: 'localnet', usdcMint: null }
}
