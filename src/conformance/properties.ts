/** The properties in their order, and why those that nobody sees from outside are not checked here. Source: the list of properties. */
import type { PropertyId } from './check.ts'

export interface Property {
  readonly id: PropertyId
  readonly title: string
  /** Why no check of this program can see it; null: there is one. */
  readonly unseen: string | null
}

const PROCESS = "needs power over the gateway's process"
const CHAIN = 'needs power over its chain'

function property(id: PropertyId, title: string, unseen: string | null = null): Property {
  return { id, title, unseen }
}

export const PROPERTIES: readonly Property[] = [
  property('L1', 'the books balance at every instant'),
  property('L2', 'funds for K calls admit K'),
  property('L3', 'money is held before the provider is asked'),
  property('L4', 'a hold ends exactly once'),
  property('L5', 'holds resolve after a crash', PROCESS),
  property('L6', 'no ledger, no call', PROCESS),
  property('L7', 'failover to a dearer model holds anew'),
  property('L8', 'what is acknowledged survives power loss', PROCESS),
  property('M1', 'usage and bytes are the same for every split'),
  property('M2', 'each token class is priced once'),
  property('M3', 'usage is read on every terminal event'),
  property('M4', 'a client that leaves: one settle, provider aborted'),
  property('M5', 'the hold covers the worst case'),
  property('M6', 'no tokenizer on the event loop'),
  property('M7', 'no price, no call'),
  property('M8', 'provider faults end, and the hold with them'),
  property('A1', 'the key that verified is debited'),
  property('A2', 'nonces are single use'),
  property('A3', 'session limits and revocation hold'),
  property('A4', 'one idempotency key, one charge'),
  property('C1', 'credits equal the history of the chain', CHAIN),
  property('C2', 'only finalized deposits credit', CHAIN),
  property('C3', "only our program's events count", CHAIN),
  property('C4', 'a deposit credits once'),
  property('C5', 'the cursor advances over what is committed', CHAIN),
  property('C6', "the vault's totals reconcile", CHAIN),
  property('C7', 'versioned transactions are read', CHAIN),
  property('C8', 'nothing is spent and withdrawn', CHAIN),
  property('C9', "only the agent's signature pays the operator"),
  property('C10', 'a ledger never meets another chain', PROCESS),
  property('S1', 'memory stays flat'),
  property('S2', 'shutdown drains', PROCESS),
  property('S3', 'bad input gets a 4xx and changes nothing'),
  property('S4', 'no test affordance in production'),
]
