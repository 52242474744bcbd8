/** Somebody records a signed request and sends it again. */
import { randomBytes } from 'node:crypto'
import { signedHeaders } from '../../agent/signed-headers.ts'
import { systemClock } from '../../clock.ts'
import { MODELS, type Stage } from './stage.ts'

const TARGET = '/v1/chat/completions'

export async function replayScene({ narrator, agent, signer, ledger }: Stage): Promise<void> {
  narrator.scene('The same signed request twice: the replay is refused')
  const messages = [{ role: 'user', content: 'Only once, please.' }]
  const body = JSON.stringify({ model: MODELS.call, messages, max_completion_tokens: 50 })
  const signed = await signedHeaders(signer, {
    origin: agent.url,
    chain: 'localnet',
    method: 'POST',
    target: TARGET,
    body: Buffer.from(body),
    nonce: randomBytes(16).toString('hex'),
    now: systemClock(),
    priceVersion: null,
  })
  const headers = { 'content-type': 'application/json', ...signed }
  const send = () => fetch(new URL(TARGET, agent.url), { method: 'POST', headers, body })
  const first = await send()
  await first.text()
  const { spent } = await agent.balance()
  const second = await send()
  const { error } = (await second.json()) as { readonly error: { readonly code: string } }
  narrator.say(`first ${first.status}, then ${second.status} ${error.code}`)
  narrator.holds('the first was answered', first.status === 200)
  narrator.holds(
    'the second was a replayed_nonce',
    second.status === 401 && error.code === 'replayed_nonce',
  )
  await narrator.figure('spent before and after (units)', spent, 'ledger', async () =>
    (await ledger.balance(agent.publicKey)).spent.toString(),
  )
}
