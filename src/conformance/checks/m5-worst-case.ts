/** M5: what a call can cost at most is bounded before it goes out: a cap is in the forwarded body, and what has no bound is refused. */
import { chargeOf } from '../charges.ts'
import { broken, type Check, type CheckSite, HELD } from '../check.ts'
import { answerText } from '../evidence.ts'
import { isObject, memberOf, parseJson } from '../json-values.ts'
import type { CallFormat, Forwarded } from '../play.ts'
import {
  bodyScript,
  callWith,
  moneyOf,
  needsMoney,
  PLAIN_COUNTS,
  providerOf,
  type Served,
  servedStreams,
  working,
} from '../played-calls.ts'

export const worstCase: Check = {
  property: 'M5',
  title: 'output caps, and parameters that cost',
  applicable: needsMoney,
  async run(site) {
    const pricing = await moneyOf(site).pricing()
    for (const format of await working(site, servedStreams(site.target))) {
      await checkCaps(site, format, pricing)
      for (const [name, more] of MULTIPLIERS.get(format.wire.format) ?? []) {
        await checkMultiplier(site, format, pricing, name, more)
      }
      for (const more of UNBOUNDED.get(format.wire.format) ?? []) {
        await checkRefused(site, format, more)
      }
    }
  },
}

const CAP = 40
const CAP_NAMES = ['max_tokens', 'max_completion_tokens', 'max_output_tokens']
type Members = Readonly<Record<string, unknown>>

/** What multiplies the output: refused, or in the hold. */
const MULTIPLIERS: ReadonlyMap<CallFormat, readonly [string, Members][]> = new Map([
  [
    'openai-chat',
    [
      ['n', { n: 4 }],
      ['best_of', { best_of: 4 }],
    ],
  ],
])
const TIMES = 4n

const FILE = 'file-conformance'
const FAR = 'https://example.com/far.png'

/** Input that is not in the body, and work that is done elsewhere: nothing bounds them. */
const UNBOUNDED: ReadonlyMap<CallFormat, readonly Members[]> = new Map<
  CallFormat,
  readonly Members[]
>([
  [
    'openai-chat',
    [
      { played_unknown: 1 },
      { web_search_options: {} },
      { max_tokens: 10, max_completion_tokens: 10_000 },
      { messages: [{ role: 'user', content: [{ type: 'file', file: { file_id: FILE } }] }] },
      {
        messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: FAR } }] }],
      },
    ],
  ],
  [
    'openai-responses',
    [
      { played_unknown: 1 },
      { previous_response_id: 'resp_conformance' },
      { conversation: 'conv_conformance' },
      { prompt: { id: 'pmpt_conformance' } },
      { background: true },
      { tools: [{ type: 'web_search' }] },
      { tools: [{ type: 'file_search', vector_store_ids: ['vs_conformance'] }] },
      { tools: [{ type: 'code_interpreter', container: { type: 'auto' } }] },
      { input: [{ role: 'user', content: [{ type: 'input_file', file_id: FILE }] }] },
      { input: [{ role: 'user', content: [{ type: 'input_image', image_url: FAR }] }] },
    ],
  ],
  [
    'anthropic-messages',
    [
      { played_unknown: 1 },
      { container: 'container_conformance' },
      { mcp_servers: [{ type: 'url', url: 'https://example.com/mcp', name: 'far' }] },
      { tools: [{ type: 'web_search_20250305', name: 'web_search' }] },
      { messages: [{ role: 'user', content: [imageFrom({ type: 'url', url: FAR })] }] },
      { messages: [{ role: 'user', content: [imageFrom({ type: 'file', file_id: FILE })] }] },
    ],
  ],
])

function imageFrom(source: Members): Members {
  return { type: 'image', source }
}

interface Asked {
  readonly status: number
  readonly said: string
  readonly forwarded: Forwarded | undefined
  /** Null where the gateway does not quote it. */
  readonly hold: bigint | null
}

async function ask(
  site: CheckSite,
  format: Served,
  cap: number | null,
  more: Members,
): Promise<Asked> {
  const { wire } = format
  const usage = wire.usage(PLAIN_COUNTS)
  const play = providerOf(site).play(bodyScript(wire.body({ text: 'Well.', usage })))
  const call = callWith(format, play.marker, { stream: false, cap, more })
  const hold = await moneyOf(site).worstCase(String(call.body))
  const answer = await site.target.send(call)
  play.end()
  const [forwarded] = play.requests
  return { status: answer.status, said: answerText(answer), forwarded, hold }
}

async function checkCaps(site: CheckSite, format: Served, pricing: unknown): Promise<void> {
  const { wire, model } = format
  const asked = await ask(site, format, CAP, {})
  const kept = capIn(asked.forwarded)
  site.report(
    `${wire.format}: the cap that was asked for`,
    kept !== null && kept <= CAP
      ? HELD
      : broken(`${CAP} tokens were asked for, the provider was told ${kept}`),
  )
  const open = await ask(site, format, null, {})
  const name = `${wire.format}: no cap`
  if (open.status === 400 && open.forwarded === undefined) return site.report(name, HELD)
  const written = capIn(open.forwarded)
  if (written === null) {
    return site.report(name, broken('a call without a cap was forwarded without one'))
  }
  const due = costOf(pricing, model, written)
  const outcome =
    open.hold === null || open.hold >= due
      ? HELD
      : broken(`forwarded with a cap of ${written}, worth ${due} units; held ${open.hold}`)
  site.report(name, outcome)
}

async function checkMultiplier(
  site: CheckSite,
  format: Served,
  pricing: unknown,
  what: string,
  more: Members,
): Promise<void> {
  const { status, said, forwarded, hold } = await ask(site, format, CAP, more)
  const name = `${format.wire.format}: ${what}`
  const isRefused = status >= 400 && status < 500 && forwarded === undefined
  const due = costOf(pricing, format.model, CAP) * TIMES
  if (isRefused || (hold !== null && hold >= due)) return site.report(name, HELD)
  site.report(name, broken(`${JSON.stringify(more)} held ${hold} units of ${due}: ${said}`))
}

async function checkRefused(site: CheckSite, format: Served, more: Members): Promise<void> {
  const { status, said, forwarded } = await ask(site, format, CAP, more)
  const isRefused = status >= 400 && status < 500 && forwarded === undefined
  const text = JSON.stringify(more)
  site.report(
    `${format.wire.format}: ${text}`,
    isRefused
      ? HELD
      : broken(`${forwarded === undefined ? 'not forwarded, but' : 'forwarded, and'} ${said}`),
  )
}

/** What so much output costs, without any input. */
function costOf(pricing: unknown, model: string, output: number): bigint {
  const none = { input: 0, cachedInput: 0, cacheWrite: 0, cacheWriteHour: 0, reasoning: 0 }
  return chargeOf(pricing, model, { ...none, output })
}

/** The output cap that the provider was told; null: none. */
function capIn(forwarded: Forwarded | undefined): number | null {
  if (forwarded === undefined) return null
  const body = parseJson(Buffer.from(forwarded.body).toString())
  if (!isObject(body)) return null
  const caps = CAP_NAMES.map((name) => memberOf(body, name)).filter((cap) => cap !== undefined)
  const [cap] = caps
  return caps.length === 1 && typeof cap === 'number' ? cap : null
}
