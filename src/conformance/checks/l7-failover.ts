/**
 * L7: a gateway that asks another model after a failure holds what that one costs, first. Where it asks nobody else, there
 * is nothing to see.
 */
import { broken, type Check, type CheckSite, HELD } from '../check.ts'
import { askText } from '../evidence.ts'
import { memberOf, parseJson } from '../json-values.ts'
import { failure } from '../plain-calls.ts'
import { callWith, moneyOf, needsMoney, providerOf, type Served, served } from '../played-calls.ts'
import { quietBooks } from '../waiting.ts'

const FAILURES = [429, 500, 503, 529]

export const failover: Check = {
  property: 'L7',
  title: 'what is held when another model is asked',
  applicable: needsMoney,
  async run(site) {
    for (const format of served(site.target)) {
      for (const status of FAILURES) await checkFailure(site, format, status)
    }
    site.skip('after a failure of the provider the gateway asks no other model')
  },
}

/** The provider keeps failing; each request that follows the first for another model must find its own worst case held. */
async function checkFailure(site: CheckSite, format: Served, status: number): Promise<void> {
  const money = moneyOf(site)
  const before = await money.books()
  const script = failure(status)
  const play = providerOf(site).play({ ...script, acts: [{ kind: 'wait' }, ...script.acts] })
  const ask = callWith(format, play.marker, { stream: false })
  let answered = false
  const call = site.target.send(ask).then(() => {
    answered = true
  })
  let seen = 0
  while (!answered) {
    if (play.requests.length > seen) {
      const forwarded = play.requests[seen]
      seen += 1
      const model = memberOf(parseJson(Buffer.from(forwarded?.body ?? '').toString()), 'model')
      if (typeof model === 'string' && model !== format.model) {
        const body = JSON.stringify({ ...Object(parseJson(String(ask.body))), model })
        const needed = (await money.worstCase(body)) ?? 0n
        const held = (await money.books()).held - before.held
        const evidence = `after a ${status} the gateway asked ${model}, which holds ${needed}, with ${held} held. ${askText(ask)}`
        site.report(
          `${format.wire.format}, ${status}: request ${seen} to ${model}`,
          held >= needed ? HELD : broken(evidence),
        )
      }
      play.go()
    }
    await site.pause(1)
  }
  await call
  play.end()
  await quietBooks(site, money, before.held)
}
