/**
 * S4: no test affordance works in production. A faucet of a gateway on a public chain breaks it; on a local chain a faucet
 * says that the gateway is one for tests, and nothing is claimed. Admin routes open to nobody either way.
 */
import { APPLICABLE, broken, type Check, type CheckSite, HELD, notApplicable } from '../check.ts'
import { answerText, askText } from '../evidence.ts'
import { CONTENT_JSON } from '../provider/wire-format.ts'
import type { Ask } from '../target.ts'

/** Tokens that somebody may have left in. */
const GUESSES = ['admin', 'dev', 'test', 'level5', 'changeme', 'secret', 'undefined', 'null', '']
/** Where systems of this kind keep what is for tests. The bodies are wrong on purpose: nothing may come of asking. */
const AFFORDANCES = ['/dev/fund', '/dev', '/v1/dev/fund', '/debug', '/test', '/faucet', '/airdrop']

export const testAffordances: Check = {
  property: 'S4',
  title: 'faucets and admin routes',
  applicable: ({ target }) =>
    target.money === null
      ? notApplicable('what another gateway has for tests is not known')
      : APPLICABLE,
  async run(site) {
    const isLocal = site.target.identity?.chain === 'localnet'
    for (const target of AFFORDANCES) {
      const ask: Ask = { method: 'POST', target, headers: CONTENT_JSON, body: '{}' }
      const answer = await site.target.sendBare(ask)
      const isThere = answer.status !== 404 && answer.status !== 0
      if (isThere && isLocal) {
        return site.skip(`${target} answers on a local chain: a gateway for tests, not production`)
      }
      const evidence = `${askText(ask)} was answered ${answerText(answer)} and not with a 404`
      site.report(target, isThere ? broken(evidence) : HELD)
    }
    await checkAdmin(site)
  },
}

async function checkAdmin(site: CheckSite): Promise<void> {
  for (const token of GUESSES) {
    const headers = { authorization: `Bearer ${token}` }
    const ask: Ask = { method: 'GET', target: '/admin/status', headers }
    const answer = await site.target.sendBare(ask)
    const evidence = `GET /admin/status with the bearer token ${JSON.stringify(token)} was answered ${answerText(answer)}`
    const isClosed = answer.status >= 400 && answer.status < 500
    site.report(`/admin/status for ${JSON.stringify(token)}`, isClosed ? HELD : broken(evidence))
  }
}
