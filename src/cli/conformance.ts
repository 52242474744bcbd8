/** `level5 conformance`: holds a running gateway, ours or another, to the properties that show from outside. Exit 1 where one is broken. */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { systemClock } from '../clock.ts'
import type { PropertyId } from '../conformance/check.ts'
import type { TargetWish } from '../conformance/open-target.ts'
import type { CallFormat } from '../conformance/play.ts'
import { PROPERTIES } from '../conformance/properties.ts'
import type { ConformanceReport } from '../conformance/report.ts'
import { reportText } from './conformance/table.ts'
import { type JsonOption, type UrlOption, wholeNumber, withUrl } from './options.ts'
import { createOutput } from './output.ts'

interface Flags extends JsonOption, UrlOption {
  readonly key: string
  readonly providerPort?: number
  readonly only?: ReadonlySet<PropertyId>
  readonly model: ReadonlyMap<CallFormat, string>
  readonly header: Readonly<Record<string, string>>
  readonly seed: number
  readonly quick?: true
}

const BROKEN = 1
const DEFAULT_SEED = 1
const SEED_MAX = 999_999_999
const FORMATS: readonly CallFormat[] = [
  'openai-chat',
  'openai-responses',
  'openai-embeddings',
  'anthropic-messages',
]

const HELP = `
Another gateway's --key is its API key. Point its providers at http://127.0.0.1:<provider port> (Anthropic's base URL;
OpenAI's is that plus /v1) before the run. Calls cost what they cost: use an agent of its own, with 1 USDC.

Examples:
  level5 keygen --out agent.json && level5 fund "$(level5 keygen --show agent.json)" --usdc 2
  level5 deposit --key agent.json --usdc 1
  level5 conformance --key agent.json
  level5 conformance --key agent.json --provider-port 4055
  level5 conformance --key agent.json --provider-port 4055 --only L2,A4 --json
  level5 conformance --url http://127.0.0.1:4000 --key sk-1234 --provider-port 4055 --model openai-chat=my-model`

export function addConformance(program: Command): void {
  const key = new Option(
    '--key <file or token>',
    'the key file of an agent with money, or a session token, or the API key of another gateway',
  )
  const only = new Option('--only <ids>', 'check these alone, like L2,M1').argParser(propertyIds)
  const model = new Option(
    '--model <format=id>',
    `the model to ask for (${FORMATS.join(', ')}); repeatable (default: by the price list)`,
  )
  const header = new Option(
    '--header <name=value>',
    'goes along with every request to another gateway than level5; repeatable',
  )
    .argParser(headerOf)
    .default({}, 'none')
  const port = wholeNumber(1, 65_535)
  const seed = wholeNumber(0, SEED_MAX)
  withUrl(program.command('conformance'))
    .description('check the properties of a running gateway that show from outside')
    .addOption(key.env('LEVEL5_KEY').makeOptionMandatory())
    .option('--provider-port <n>', 'play the provider that the gateway is pointed at here', port)
    .addOption(only)
    .addOption(model.argParser(modelFor).default(new Map(), 'by the price list'))
    .addOption(header)
    .option('--seed <n>', 'the same seed asks the same', seed, DEFAULT_SEED)
    .option('--quick', 'a sample of the cases, in seconds')
    .addHelpText('after', HELP)
    .action(async (flags: Flags) => {
      const output = createOutput(flags.json ?? false)
      const report = await check(flags, output.progress)
      output.result(report, reportText(report))
      if (report.properties.some(({ result }) => result === 'broken')) process.exitCode = BROKEN
    })
}

async function check(flags: Flags, progress: (text: string) => void): Promise<ConformanceReport> {
  // Loaded on demand: no other command needs the checks.
  const { CHECKS } = await import('../conformance/checks/registry.ts')
  const { openTarget } = await import('../conformance/open-target.ts')
  const { reachProvider } = await import('../conformance/reach.ts')
  const { runChecks } = await import('../conformance/run.ts')
  const fresh = () => randomBytes(16).toString('hex')
  const target = await openTarget({
    url: flags.url,
    credential: await credentialOf(flags.key),
    models: flags.model,
    headers: flags.header,
    now: systemClock,
    freshNonce: fresh,
  })
  const provider = await providerOn(flags.providerPort ?? null)
  try {
    const seen = provider === null ? target : await reachProvider(target, provider, progress)
    return await runChecks({
      target: seen,
      provider,
      depth: flags.quick === true ? 'sample' : 'whole',
      fresh,
      now: systemClock,
      pause: async (ms) => {
        await delay(ms)
      },
      checks: CHECKS,
      only: flags.only ?? null,
      seed: flags.seed,
      progress,
    })
  } finally {
    await provider?.close()
    target.close()
  }
}

async function providerOn(port: number | null) {
  if (port === null) return null
  const { startPlayedProvider } = await import('../conformance/played-provider.ts')
  const runId = randomBytes(5).toString('hex')
  return startPlayedProvider({ port, runId, now: systemClock })
}

/** A file is a keypair; what is no file is a token. */
async function credentialOf(key: string): Promise<TargetWish['credential']> {
  if (!existsSync(key)) return { kind: 'token', token: key }
  const { toSigner } = await import('../agent/key.ts')
  return { kind: 'keypair', signer: toSigner(key) }
}

function propertyIds(text: string): ReadonlySet<PropertyId> {
  const ids = text.split(',').map((id) => id.trim().toUpperCase())
  const known = PROPERTIES.map(({ id }) => id)
  const strangers = ids.filter((id) => !known.some((one) => one === id))
  if (strangers.length > 0) {
    throw new InvalidArgumentError(
      `${strangers.join(', ')}: not of ${known[0]} to ${known.at(-1)}, as docs/properties.md lists them.`,
    )
  }
  return new Set(known.filter((id) => ids.includes(id)))
}

function modelFor(
  text: string,
  before: ReadonlyMap<CallFormat, string>,
): ReadonlyMap<CallFormat, string> {
  const [name, ...rest] = text.split('=')
  const format = FORMATS.find((one) => one === name)
  const id = rest.join('=')
  if (format === undefined || id === '') {
    throw new InvalidArgumentError(`Not <format>=<id> with a format of ${FORMATS.join(', ')}.`)
  }
  return new Map([...before, [format, id]])
}

function headerOf(
  text: string,
  before: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const [, name, value] = /^([A-Za-z0-9-]+)=(.*)$/.exec(text) ?? []
  if (name === undefined || value === undefined) {
    throw new InvalidArgumentError('Not <name>=<value>.')
  }
  return { ...before, [name.toLowerCase()]: value }
}
