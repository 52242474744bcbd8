/** Calls: signed and by session, with and without vouchers, in every format; and those of whoever wishes ill. */
import { createHash } from 'node:crypto'
import { Departure } from '../../../src/routes/departure.ts'
import type { HeldSession, SimulatedAgent } from '../agent.ts'
import { type Ask, newAsk } from '../calls/ask.ts'
import type { SimulatedCall } from '../calls/call.ts'
import { PRICE_LISTS } from '../calls/price-lists.ts'
import { newScript } from '../calls/script.ts'
import { simulatedClient } from '../gateway/client.ts'
import type { GatewayProcess } from '../gateway/process.ts'
import type { World } from '../world.ts'

interface Credentials {
  readonly headers: Readonly<Record<string, string>>
  /** The Idempotency-Key, or null. */
  readonly key?: string
  readonly nonce: string | null
  readonly session: HeldSession | null
}

/** A call of an honest agent. */
export function call(world: World): void {
  const agent = world.dice.pick(world.agents)
  oneCall(world, agent)
}

/** As many calls at once as an agent can afford, and more. */
export function burst(world: World): void {
  const agent = world.dice.pick(world.agents)
  const total = nextTotal(world, agent, [60, 200, 500])
  const voucher = agent.signs ? { 'x-agent-voucher': agent.voucher(total) } : {}
  for (let left = world.dice.whole(3, 12); left > 0; left -= 1) {
    oneCall(world, agent, null, voucher)
  }
}

/** A request that was sent before, lately or long ago, is sent again, word for word. */
export function replay(world: World): void {
  const process = runningGateway(world)
  const agent = world.dice.pick(world.agents)
  const known = world.dice.percent(30) ? agent.sent : agent.sent.slice(-12)
  const sent = known.length === 0 ? null : world.dice.pick(known)
  if (process === null || sent === null) return
  const { ask, headers, nonce } = sent
  begin(world, process, agent, ask, { headers, nonce, session: null })
}

/** Something of a signed request is changed on the way. */
export function forged(world: World): void {
  const process = runningGateway(world)
  if (process === null) return
  const { dice } = world
  const agent = dice.pick(world.agents)
  const ask = newAsk(dice)
  const nonce = freshNonce(world)
  const at = world.time.now
  const signed = agent.sign('POST', ask.target, ask.body, { nonce, at })
  const other = dice.pick(world.agents.filter((one) => one !== agent))
  const headers = dice.pick([
    { ...signed, 'x-agent-pubkey': other.pubkey },
    { ...signed, 'x-agent-nonce': freshNonce(world) },
    { ...signed, 'x-agent-issued-at': new Date(at + 1).toISOString() },
    { ...signed, 'x-agent-signature': Buffer.from(dice.bytes(64)).toString('base64') },
    agent.sign('POST', `${ask.target}?x=1`, ask.body, { nonce, at }),
    agent.sign('POST', ask.target, Buffer.concat([ask.body, Buffer.of(32)]), { nonce, at }),
  ])
  const made = begin(world, process, agent, ask, { headers, nonce, session: null })
  made.forged = true
}

/**
 * A call that was made under a key, or is now, made under it again: the same, or once in a while another. Now and then
 * two agents choose one key for one request: each has its own.
 */
export function keyedCall(world: World): void {
  const { dice } = world
  const agent = dice.pick(world.agents)
  const known = agent.keyed.slice(-5)
  if (known.length === 0 || dice.percent(35)) {
    const named = dice.percent(20) ? dice.pick(world.agents).keyed.at(-1) : undefined
    const { key, ask } = named ?? { key: `key-${freshNonce(world)}`, ask: newAsk(dice) }
    agent.keyed.push({ key, ask })
    for (let times = dice.pick([1, 1, 2, 3]); times > 0; times -= 1)
      oneCall(world, agent, { key, ask })
    return
  }
  const { key, ask } = dice.pick(known)
  oneCall(world, agent, { key, ask: dice.percent(10) ? newAsk(dice) : ask })
}

function oneCall(
  world: World,
  agent: SimulatedAgent,
  keyed: { readonly key: string; readonly ask: Ask } | null = null,
  voucher = voucherFor(world, agent),
): void {
  const process = runningGateway(world)
  if (process === null) return
  const ask = keyed?.ask ?? newAsk(world.dice)
  const sessions = agent.sessions.slice(-4)
  const bySession = sessions.length > 0 && world.dice.percent(30)
  const credentials = bySession
    ? sessionCredentials(world.dice.pick(sessions))
    : signedCredentials(world, process, agent, ask)
  const named = keyed === null ? {} : { 'idempotency-key': keyed.key }
  const headers = { ...credentials.headers, ...voucher, ...named }
  begin(world, process, agent, ask, { ...credentials, headers, ...(keyed && { key: keyed.key }) })
}

function sessionCredentials(session: HeldSession): Credentials {
  return { headers: { authorization: `Bearer ${session.token}` }, nonce: null, session }
}

function signedCredentials(
  world: World,
  process: GatewayProcess,
  agent: SimulatedAgent,
  ask: Ask,
): Credentials {
  const { dice, time } = world
  const nonce = freshNonce(world)
  const at = time.now + dice.pick([0, 0, 0, -500, 700, -20_000])
  const bound = dice.percent(15) ? { priceVersion: process.priceVersion } : {}
  const other = { priceVersion: `sha256:${'0'.repeat(64)}` }
  const terms = { nonce, at, ...(dice.percent(2) ? other : bound) }
  const headers = agent.sign('POST', ask.target, ask.body, terms)
  agent.sent.push({ ask, headers, nonce })
  return { headers, nonce, session: null }
}

/** Enough for what is held and for this call, or less, or none. */
function voucherFor(world: World, agent: SimulatedAgent): Readonly<Record<string, string>> {
  const { dice } = world
  if (!dice.percent(world.requireVouchers ? 80 : 15) || !agent.signs) return {}
  return { 'x-agent-voucher': agent.voucher(nextTotal(world, agent, [0, 100, 400, 1_000])) }
}

/** What is spent and held, and one of these beyond it. */
function nextTotal(world: World, agent: SimulatedAgent, more: readonly number[]): bigint {
  const books = world.books.rows.agents().find(({ pubkey }) => pubkey === agent.pubkey)
  return (books?.spent ?? 0n) + (books?.held ?? 0n) + BigInt(world.dice.pick(more))
}

function begin(
  world: World,
  process: GatewayProcess,
  agent: SimulatedAgent,
  ask: Ask,
  { headers, nonce, session, key }: Credentials,
): SimulatedCall {
  const { dice, time } = world
  const list = PRICE_LISTS[process.priceList]
  const model = list?.[ask.model]
  if (model === undefined) throw new Error(`no price of ${ask.model}`)
  const serial = world.serial++
  const generous = { input: ask.body.length, output: (ask.cap ?? 40) * ask.choices }
  const made: SimulatedCall = {
    requestId: `req_${serial}`,
    agent: agent.pubkey,
    session: session?.id ?? null,
    nonce,
    key: key ?? null,
    ask,
    model,
    script: newScript(dice, ask, { ...generous, classes: ask.classes }, serial),
    life: process.terms.life,
    startedAt: time.now,
    clockAt: world.lives.now(),
    priceVersion: process.priceVersion,
    provider: { asked: false, held: 0n, cap: 0, taken: 0, lastAt: null, end: null },
    client: {
      status: null,
      headers: {},
      chunks: [],
      code: null,
      end: null,
      leftAt: null,
      leavesAfterWrites: dice.percent(10) ? dice.whole(1, 8) : null,
    },
    disturbances: new Set(world.disk.busy || world.disk.full ? ['ledger'] : []),
    forged: false,
    ended: session !== null && (session.revoked || session.expiresAt <= world.lives.now()),
    returned: false,
  }
  serve(world, process, made, headers)
  return made
}

function serve(
  world: World,
  process: GatewayProcess,
  made: SimulatedCall,
  headers: Readonly<Record<string, string>>,
): void {
  const { dice, time } = world
  const { ask, requestId } = made
  const departure = new Departure()
  world.register(made, departure)
  const slowMs = dice.percent(15) ? dice.whole(10, 3_000) : 0
  const stage = {
    time,
    isDead: (one: SimulatedCall) => world.lives.isDead(one.life),
    effect: (one: SimulatedCall, kind: string) => world.lives.effect(one.life, kind),
    acknowledged: world.told.acknowledged,
    sawEnd: world.told.sawEnd,
    refused: world.told.refused,
  }
  const { client, leave } = simulatedClient(stage, made, departure, slowMs)
  if (dice.percent(6)) time.after(dice.small(9_000), leave)
  process.live.add(departure)
  const incoming = {
    requestId,
    method: 'POST',
    target: ask.target,
    header: (name: string) => headers[name],
    readBody: async () => ({
      kind: 'read' as const,
      bytes: ask.body,
      sha256: createHash('sha256').update(ask.body).digest(),
    }),
  }
  void process.serve(ask.target, incoming, client).finally(() => {
    process.live.remove(departure)
    world.returned(made)
  })
}

/** A gateway that takes work, or null. */
export function runningGateway(world: World): GatewayProcess | null {
  const running = world.lives.running.filter(({ stopping }) => !stopping)
  return running.length === 0 ? null : world.dice.pick(running)
}

export function freshNonce(world: World): string {
  return `simulatednonce${String(world.serial++).padStart(10, '0')}`
}
