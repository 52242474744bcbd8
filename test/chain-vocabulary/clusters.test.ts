import bs58 from 'bs58'
import { expect, test } from 'vitest'
import { CLUSTERS } from '../../src/chain/clusters.ts'

test.each(CLUSTERS)('what is known of $chain are hashes and keys of 32 bytes', (cluster) => {
  expect(bs58.decode(cluster.genesisHash)).toHaveLength(32)
  if (cluster.usdcMint !== null) expect(bs58.decode(cluster.usdcMint)).toHaveLength(32)
})
