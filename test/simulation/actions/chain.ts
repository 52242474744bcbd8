/** What agents and strangers do on the chain. */
import type { SimulatedAgent } from '../agent.ts'
import { BLOCKHASH_SLOTS } from '../chain/cluster.ts'
import type { Act } from '../chain/vault-program.ts'
import type { World } from '../world.ts'

/** Sends acts of one agent as one transaction. */
function send(world: World, agent: SimulatedAgent, acts: readonly Act[]): void {
  const { cluster, dice } = world
  const signature = `act-${world.serial++}`
  const lastSlot = cluster.slot + BLOCKHASH_SLOTS
  const sent = { signature, acts: acts.map((act) => ({ agent: agent.pubkey, act })), lastSlot }
  cluster.send(sent, dice.whole(1, 4))
}

function amount(world: World): bigint {
  return BigInt(world.dice.pick([1, 700, 3_000, 9_000, 9_000, 20_000]) + world.dice.whole(0, 999))
}

/** Who brings nothing while it takes its money out misses what it has spent, unless that was settled. */
function brings({ cluster }: World, { pubkey, stays }: SimulatedAgent): boolean {
  return stays || (cluster.tip(pubkey)?.pending ?? 0n) === 0n
}

export function deposit(world: World): void {
  const agent = world.dice.pick(world.agents)
  if (!brings(world, agent)) return
  const one: Act = { kind: 'deposit', amount: amount(world) }
  const more: Act = { kind: 'deposit', amount: amount(world) }
  const isNew = world.cluster.tip(agent.pubkey) === null
  const known = world.dice.percent(15) ? [one, more] : [one]
  send(world, agent, isNew ? [{ kind: 'open' }, one] : known)
}

export function transfer(world: World): void {
  const agent = world.dice.pick(world.agents)
  if (world.cluster.tip(agent.pubkey) === null || !brings(world, agent)) return
  send(world, agent, [{ kind: 'transfer', amount: amount(world) }])
}

export function requestWithdrawal(world: World): void {
  requestWithdrawalOf(world, world.dice.pick(world.agents))
}

/** Asks for some of what an agent's vault has, or for all of it. */
export function requestWithdrawalOf(world: World, agent: SimulatedAgent): void {
  const vault = world.cluster.tip(agent.pubkey)
  if (vault === null) return
  const left = vault.deposited - vault.settled - vault.withdrawn
  const part = left === 0n ? 1n : (left * BigInt(world.dice.whole(1, 100))) / 100n
  send(world, agent, [{ kind: 'request', amount: world.dice.percent(60) ? left : part }])
}

export function cancelWithdrawal(world: World): void {
  send(world, world.dice.pick(world.agents), [{ kind: 'cancel' }])
}

/** Every agent takes what it may at once. */
export function withdraw(world: World): void {
  for (const agent of world.agents) {
    const vault = world.cluster.tip(agent.pubkey)
    if (vault === null || vault.pending === 0n) continue
    if (vault.withdrawableAt <= world.cluster.seconds) send(world, agent, [{ kind: 'withdraw' }])
  }
}

/** Somebody knows of news. */
export function wake(world: World): void {
  world.lives.watching?.watcher?.wake()
}
