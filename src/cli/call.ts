/** `level5 call`: one signed call, its answer, and what it cost. */
import type { Command } from 'commander'
import { readRefusal } from '../agent/gateway-api.ts'
import type { Agent } from '../agent/index.ts'
import { Level5Error } from '../agent/level5-error.ts'
import { formatUsdc } from '../money.ts'
import { readAnswer, readEvent, streamEvents } from './call/answer-reader.ts'
import { callBody, callTarget, DEFAULT_MAX_TOKENS, TOKENS_MAX } from './call/call-body.ts'
import { modelProvider } from './call/model-provider.ts'
import { type AgentFlags, agentOf, wholeNumber, withAgent } from './options.ts'
import { createOutput } from './output.ts'

interface Flags extends AgentFlags {
  readonly stream?: true
  readonly maxTokens: number
  readonly idempotencyKey?: string
}

/** Anthropic's format wants it; the others ignore it. */
const ANTHROPIC_VERSION = '2023-06-01'

export function addCall(program: Command): void {
  withAgent(program.command('call'))
    .description('ask a model, and pay for the answer')
    .argument('<model>', 'a model of `level5 prices`')
    .argument('<prompt>', 'what to say to it')
    .option('--stream', 'print the answer as it arrives')
    .option('--max-tokens <n>', 'cap of the answer', wholeNumber(1, TOKENS_MAX), DEFAULT_MAX_TOKENS)
    .option('--idempotency-key <key>', 'send it again under this key: it is charged once')
    .action(async (model: string, prompt: string, flags: Flags) => {
      const agent = await agentOf(flags)
      const provider = await modelProvider(agent, model)
      const stream = flags.stream ?? false
      const body = callBody(provider, { model, prompt, maxTokens: flags.maxTokens, stream })
      const response = await ask(agent, callTarget(provider), body, flags.idempotencyKey)
      if (stream) await streamed(response, model, flags)
      else await whole(response, model, flags)
    })
}

async function ask(
  agent: Agent,
  target: string,
  body: object,
  key: string | undefined,
): Promise<Response> {
  const headers = {
    'content-type': 'application/json',
    'anthropic-version': ANTHROPIC_VERSION,
    ...(key === undefined ? {} : { 'idempotency-key': key }),
  }
  const init = { method: 'POST', headers, body: JSON.stringify(body) }
  const response = await agent.fetch(new URL(target, agent.url), init)
  if (!response.ok) throw await readRefusal(response)
  return response
}

async function whole(response: Response, model: string, flags: Flags): Promise<void> {
  const { text, usage } = readAnswer(await response.json())
  const charge = response.headers.get('x-charge')
  const output = createOutput(flags.json ?? false)
  output.result({ ...facts(response, model), text, usage, charge }, text)
  if (flags.json !== true && charge !== null) {
    const once = response.headers.has('idempotent-replayed') ? ' when it was first asked' : ''
    output.progress(`charged ${formatUsdc(BigInt(charge))} USDC${once}; ${left(response)}`)
  }
}

async function streamed(response: Response, model: string, flags: Flags): Promise<void> {
  if (response.body === null) throw new Level5Error('unexpected_answer', 'a stream without a body')
  const asJson = flags.json ?? false
  let text = ''
  let usage: object | null = null
  for await (const event of streamEvents(response.body)) {
    const part = readEvent(event)
    text += part.text
    usage = part.usage === null ? usage : { ...(usage ?? {}), ...part.usage }
    if (!asJson) process.stdout.write(part.text)
  }
  const output = createOutput(asJson)
  output.result({ ...facts(response, model), text, usage }, '')
  if (!asJson) output.progress(`usage ${JSON.stringify(usage)}; while it ran, ${left(response)}`)
}

function facts(response: Response, model: string) {
  return {
    model,
    request_id: response.headers.get('x-request-id'),
    balance_remaining: response.headers.get('x-balance-remaining'),
    ...(response.headers.has('idempotent-replayed') ? { replayed: true } : {}),
  }
}

function left(response: Response): string {
  const remaining = response.headers.get('x-balance-remaining')
  return remaining === null ? 'balance unknown' : `${formatUsdc(BigInt(remaining))} USDC were free`
}
