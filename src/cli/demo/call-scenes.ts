/** One call, one stream, and the same long prompt twice. */
import { formatUsdc } from '../../money.ts'
import { readAnswer, readEvent, streamEvents } from '../call/answer-reader.ts'
import { call, debitOf, headerOf, recomputedCharge, tokensText } from './calls.ts'
import { MODELS, type Stage } from './stage.ts'

const CHAT = '/v1/chat/completions'

export async function callScene(stage: Stage): Promise<void> {
  const { narrator, agent } = stage
  narrator.scene('A call, paid to the unit')
  const messages = [{ role: 'user', content: 'What does this call cost me?' }]
  const body = { model: MODELS.call, messages, max_completion_tokens: 100 }
  const response = await call(agent, CHAT, body)
  narrator.say(`“${readAnswer(await response.json()).text}”`)
  const debit = await debitOf(stage, headerOf(response, 'x-request-id'))
  narrator.say(`tokens: ${debit.usage === null ? 'none' : tokensText(debit.usage.tokens)}`)
  const charged = headerOf(response, 'x-charge')
  await narrator.figure('charged (units)', charged, 'ledger', async () => debit.amount.toString())
  await narrator.figure('the same, recomputed', charged, 'http', () =>
    recomputedCharge(stage, debit),
  )
}

export async function streamScene(stage: Stage): Promise<void> {
  const { narrator, agent, ledger } = stage
  narrator.scene("A stream, in the other provider's format")
  const response = await call(agent, '/v1/messages', {
    model: MODELS.stream,
    max_tokens: 100,
    stream: true,
    messages: [{ role: 'user', content: 'Tell me something, slowly.' }],
  })
  if (response.body === null) throw new Error('a stream without a body')
  narrator.write('  “')
  let outputTokens = 0
  for await (const event of streamEvents(response.body)) {
    const { text, usage } = readEvent(event)
    narrator.write(text)
    outputTokens = Object(usage).output_tokens ?? outputTokens
  }
  narrator.write('”\n')
  const debit = await debitOf(stage, headerOf(response, 'x-request-id'))
  await narrator.figure('output tokens', String(outputTokens), 'ledger', async () =>
    String(debit.usage?.tokens.output),
  )
  await narrator.figure('charged (units)', debit.amount.toString(), 'http', () =>
    recomputedCharge(stage, debit),
  )
  const { available } = await agent.balance()
  await narrator.figure('left (USDC)', formatUsdc(BigInt(available)), 'ledger', async () =>
    formatUsdc((await ledger.balance(agent.publicKey)).available),
  )
}

/** Some 2,000 tokens of the stand-in's. */
const INSTRUCTIONS =
  'You are the careful clerk of a very small bank, and you count everything twice. '
const REPEATED = 100

export async function cachedScene(stage: Stage): Promise<void> {
  const { narrator, agent } = stage
  narrator.scene('The same long prompt twice: cached tokens cost less')
  const charges: bigint[] = []
  for (const question of ['What is in the vault?', 'And what is not?']) {
    const response = await call(agent, CHAT, {
      model: MODELS.cached,
      max_completion_tokens: 60,
      messages: [
        { role: 'system', content: INSTRUCTIONS.repeat(REPEATED) },
        { role: 'user', content: question },
      ],
    })
    const { usage } = readAnswer(await response.json())
    const cached = Object(Object(usage).prompt_tokens_details).cached_tokens
    const debit = await debitOf(stage, headerOf(response, 'x-request-id'))
    charges.push(debit.amount)
    narrator.say(question)
    await narrator.figure('cached tokens', String(cached), 'ledger', async () =>
      String(debit.usage?.tokens.cached_input),
    )
    const charged = headerOf(response, 'x-charge')
    await narrator.figure('charged (units)', charged, 'http', () => recomputedCharge(stage, debit))
  }
  const [first = 0n, second = 0n] = charges
  narrator.holds('the second was cheaper', second < first)
}
