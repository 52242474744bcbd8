/** What agents ask of the gateway's own routes. */
import type { SimulatedAgent } from '../agent.ts'
import { must } from '../oracle/violation.ts'
import type { World } from '../world.ts'
import { freshNonce, runningGateway } from './calls.ts'

interface OpenedSession {
  readonly id: string
  readonly token: string
  readonly expires_at: string
}

/** Asks for a challenge, signs it, and opens the session; once in a while twice. */
export async function openSession(world: World): Promise<void> {
  const process = runningGateway(world)
  if (process === null) return
  const { dice } = world
  const agent = dice.pick(world.agents)
  const limit = dice.percent(85) ? BigInt(dice.whole(50, 4_000)) : null
  const asked = {
    pubkey: agent.pubkey,
    ttl_seconds: dice.whole(60, 900),
    ...(limit === null ? {} : { spend_limit: `${limit}` }),
  }
  const challenged = await process.ask('POST', '/v1/sessions/challenge', {}, JSON.stringify(asked))
  note(world, 'challenge', challenged.status)
  if (challenged.status !== 200) return
  const { message } = challenged.json as { message: string }
  const signature = agent.signMessage(message)
  const voucher =
    dice.percent(40) && agent.signs ? { voucher: agent.voucher(agent.signed + 1_500n) } : {}
  const body = JSON.stringify({ message, signature, ...voucher })
  for (let tries = dice.percent(20) ? 2 : 1; tries > 0; tries -= 1) {
    const { status, json } = await process.ask('POST', '/v1/sessions', {}, body)
    note(world, 'session', status)
    if (status !== 201) continue
    const { id, token, expires_at } = json as OpenedSession
    agent.sessions.push({ id, token, limit, expiresAt: Date.parse(expires_at), revoked: false })
  }
}

export async function revokeSession(world: World): Promise<void> {
  const process = runningGateway(world)
  const agent = world.dice.pick(world.agents)
  const session = agent.sessions.findLast(({ revoked }) => !revoked)
  if (process === null || session === undefined) return
  const target = `/v1/sessions/${session.id}`
  const { status } = await process.ask('DELETE', target, signedNow(world, agent, 'DELETE', target))
  note(world, 'revocation', status)
  if (status === 204) session.revoked = true
}

/** The balance that is told is the one on the books. */
export async function balance(world: World): Promise<void> {
  const process = runningGateway(world)
  if (process === null) return
  const agent = world.dice.pick(world.agents)
  const headers = signedNow(world, agent, 'GET', '/v1/balance')
  const { status, json } = await process.ask('GET', '/v1/balance', headers)
  note(world, 'balance', status)
  if (status !== 200) return
  const told = json as Record<string, string>
  const row = world.books.rows.agents().find(({ pubkey }) => pubkey === agent.pubkey)
  const figures = [told['available'], told['held'], told['spent'], told['deposited']]
  const booked = [row?.balance, row?.held, row?.spent, row?.deposited].map((one) => `${one ?? 0n}`)
  must(
    figures.join() === booked.join(),
    'L1',
    () => `${figures} is told, ${booked} is on the books`,
  )
}

export async function postVoucher(world: World): Promise<void> {
  const process = runningGateway(world)
  if (process === null) return
  const agent = world.dice.pick(world.agents)
  if (!agent.signs) return
  const more = BigInt(world.dice.pick([0, 100, 500]))
  const body = JSON.stringify({ voucher: agent.voucher(agent.signed + more) })
  const headers = signedNow(world, agent, 'POST', '/v1/vouchers', body)
  const { status } = await process.ask('POST', '/v1/vouchers', headers, body)
  note(world, 'voucher', status)
}

/** What one of the gateway's own routes answered. */
function note(world: World, route: string, status: number): void {
  world.trace(`${route} ${status}`)
  world.tally.outcome(`${route}: ${status}`)
}

function signedNow(
  world: World,
  agent: SimulatedAgent,
  method: string,
  target: string,
  body = '',
): Readonly<Record<string, string>> {
  const nonce = freshNonce(world)
  return agent.sign(method, target, Buffer.from(body), { nonce, at: world.lives.now() })
}
