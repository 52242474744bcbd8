import { newAsk } from '../calls/ask.ts'
import { PRICE_LISTS } from '../calls/price-lists.ts'
import { worstCase } from '../oracle/reckoning.ts'
import { must } from '../oracle/violation.ts'
import type { World } from '../world.ts'
import { freshNonce, runningGateway } from './calls.ts'

/** A quote is what the call would hold. */
export async function quote(world: World): Promise<void> {
  const process = runningGateway(world)
  if (process === null) return
  const agent = world.dice.pick(world.agents)
  const ask = newAsk(world.dice)
  if (ask.cap === null) return
  const headers = agent.sign('POST', '/v1/quote', ask.body, {
    nonce: freshNonce(world),
    at: world.lives.now(),
  })
  const { status, json } = await process.ask('POST', '/v1/quote', headers, ask.body.toString())
  world.trace(`quote ${status}`)
  world.tally.outcome(`quote: ${status}`)
  if (status !== 200) return
  const model = PRICE_LISTS[process.priceList]?.[ask.model]
  if (model === undefined) return
  const bounds = { input: ask.body.length, output: ask.cap * ask.choices, classes: ask.classes }
  const quoted = BigInt((json as { worst_case: string }).worst_case)
  const worst = worstCase(model, bounds)
  must(quoted >= worst, 'M5', () => `${ask.model} is quoted at ${quoted} and can cost ${worst}`)
}
