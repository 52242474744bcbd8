/** What every scene of the demo acts with. */
import type { Connection, PublicKey } from '@solana/web3.js'
import type { CrankReport } from '../../../watcher/crank.ts'
import type { Agent } from '../../agent/index.ts'
import type { Signer } from '../../agent/key.ts'
import type { LocalNetwork } from '../../chain/local-network.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import type { StandIn } from '../../providers/stand-in/server.ts'
import type { Narrator } from './narrator.ts'

export interface Stage {
  readonly narrator: Narrator
  readonly agent: Agent
  readonly signer: Signer
  /** The gateway's own books, read without going through its routes. */
  readonly ledger: Ledger
  readonly rpc: Connection
  readonly rpcUrl: string
  readonly network: LocalNetwork
  /** The agent's. */
  readonly publicKey: PublicKey
  readonly standIn: StandIn
  /** The operator's crank, run once by hand. */
  settle(): Promise<CrankReport>
  /** Stops gateway and watcher; the chain goes on. */
  stopGateway(): Promise<void>
  /** Asks the dev faucet for local USDC and SOL. */
  fund(pubkey: string, usdc: string): Promise<void>
}

export type Scene = (stage: Stage) => Promise<void>

/** Models of the story: cheap, streamed, cached, and the one that costs more than there is. */
export const MODELS = {
  call: 'gpt-4o-mini',
  stream: 'claude-haiku-4-5',
  cached: 'gpt-4o',
  parallel: 'gpt-4o',
  dear: 'claude-opus-4-5',
} as const
