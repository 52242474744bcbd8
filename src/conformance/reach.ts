/** Before anything is judged: whether the gateway asks the provider that is played here, and for which formats. */
import { answerText } from './evidence.ts'
import { plainBody } from './plain-calls.ts'
import type { CallFormat, PlayedProvider } from './play.ts'
import { callWith, served } from './played-calls.ts'
import { type Target, Unseen } from './target.ts'

/**
 * The target with the formats whose calls reach the played provider; `progress` names the others. Throws `Unseen` where
 * none does: nothing could be told of such a gateway.
 */
export async function reachProvider(
  target: Target,
  provider: PlayedProvider,
  progress: (text: string) => void,
): Promise<Target> {
  const reached = new Map<CallFormat, string>()
  const refusals: string[] = []
  for (const format of served(target)) {
    const { wire, model } = format
    const play = provider.play(plainBody(wire))
    const answer = await target.send(callWith(format, play.marker, { stream: false }))
    const isReached = play.requests.length > 0
    play.end()
    if (isReached) reached.set(wire.format, model)
    else refusals.push(`${wire.format} (${model}): ${answerText(answer)}`)
  }
  if (reached.size > 0) {
    for (const refusal of refusals)
      progress(`not checked, no call reaches the provider: ${refusal}`)
    return { ...target, models: reached }
  }
  const { url } = provider
  throw new Unseen(
    `no call through ${target.url} reaches the provider that is played at ${url}: point the gateway there (OPENAI_BASE_URL=${url}/v1, ANTHROPIC_BASE_URL=${url}), and give the agent some money. ${refusals.join('; ')}`,
  )
}
