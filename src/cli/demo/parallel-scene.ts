/** Fifty calls at once, with money for twenty: exactly twenty are admitted. */
import { formatUsdc } from '../../money.ts'
import { call, debitOf, headerOf } from './calls.ts'
import { MODELS, type Stage } from './stage.ts'

const CALLS = 50
const AFFORDABLE = 20
const CHAT = '/v1/chat/completions'
const CAP_TRIED = [1000, 2000] as const

export async function parallelScene(stage: Stage): Promise<void> {
  const { narrator, agent, ledger, standIn } = stage
  narrator.scene(`${CALLS} calls at once, with money for ${AFFORDABLE}`)
  const { body, worstCase } = await bodyForShare(stage, AFFORDABLE)
  const { available } = await agent.balance()
  narrator.say(
    `each holds ${formatUsdc(worstCase)} USDC at worst; there are ${formatUsdc(BigInt(available))}`,
  )
  narrator.say('the provider keeps all of them waiting until every one is decided')
  standIn.pause()
  const refusals = countdown(CALLS - AFFORDABLE)
  const calls = Array.from({ length: CALLS }, async () => {
    const response = await call(agent, CHAT, body)
    if (response.status === 402) refusals.count()
    return response
  })
  const finished = Promise.all(calls)
  // Where too many are admitted the refusals never come: then the answers end the wait.
  await Promise.race([refusals.done, finished])
  const during = await agent.balance()
  await narrator.figure(
    'held while they run (USDC)',
    formatUsdc(BigInt(during.held)),
    'ledger',
    async () => formatUsdc((await ledger.balance(agent.publicKey)).held),
  )
  narrator.holds(
    'that is twenty worst cases',
    BigInt(during.held) === worstCase * BigInt(AFFORDABLE),
  )
  standIn.resume()
  const responses = await finished
  const admitted = responses.filter(({ status }) => status === 200)
  const refused = responses.filter(({ status }) => status === 402)
  await narrator.figure('admitted', String(admitted.length), 'ledger', () =>
    debits(stage, admitted),
  )
  narrator.holds(`exactly ${AFFORDABLE} of ${CALLS} were admitted`, admitted.length === AFFORDABLE)
  narrator.holds('all others were asked for payment', refused.length === CALLS - AFFORDABLE)
  const after = await agent.balance()
  await narrator.figure('held afterwards (units)', after.held, 'ledger', async () =>
    (await ledger.balance(agent.publicKey)).held.toString(),
  )
}

/** A call whose worst case is the `share`th part of what is available, by the gateway's own quotes. */
async function bodyForShare({ agent }: Stage, share: number) {
  const withCap = (cap: number) => ({
    model: MODELS.parallel,
    messages: [{ role: 'user', content: 'One of many.' }],
    max_completion_tokens: cap,
  })
  const quoted = async (cap: number) => BigInt((await agent.quote(withCap(cap))).worst_case)
  const [low, high] = CAP_TRIED
  const atLow = await quoted(low)
  const perToken = ((await quoted(high)) - atLow) / BigInt(high - low)
  const { available } = await agent.balance()
  const cap = low + Number((BigInt(available) / BigInt(share) - atLow) / perToken)
  return { body: withCap(cap), worstCase: await quoted(cap) }
}

async function debits(stage: Stage, responses: readonly Response[]): Promise<string> {
  const rows = await Promise.all(
    responses.map((response) => debitOf(stage, headerOf(response, 'x-request-id'))),
  )
  return String(new Set(rows.map(({ id }) => id)).size)
}

function countdown(from: number): { readonly done: Promise<void>; count(): void } {
  let left = from
  let end = () => {}
  const done = new Promise<void>((resolve) => {
    end = resolve
  })
  return {
    done,
    count() {
      left -= 1
      if (left === 0) end()
    },
  }
}
