/**
 * `npm run conformance`: our own `level5 dev`, pointed at the provider that `level5 conformance` plays, held to every
 * property that shows from outside. Prints the table and exits as the command does. Arguments go to the command:
 * `npm run conformance -- --quick`, `npm run conformance -- --only L2,A4 --json`.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EXECUTABLE, runLevel5 } from '../support/executable.ts'
import { startStack } from '../support/stack.ts'

const DEPOSIT_USDC = '1'

if (process.argv.includes('--help')) {
  process.stdout.write(
    'npm run conformance [-- --quick | --only IDS | --seed N | --json]: checks our own `level5 dev`; needs a build (npm ci).\n',
  )
  process.exit(0)
}

const port = await freePort()
const folder = mkdtempSync(join(tmpdir(), 'level5-conformance-'))
const provider = `http://127.0.0.1:${port}`
const stack = await startStack([], {
  OPENAI_BASE_URL: `${provider}/v1`,
  OPENAI_API_KEY: 'played',
  ANTHROPIC_BASE_URL: provider,
  ANTHROPIC_API_KEY: 'played',
  // Shorter than the silence that a provider keeps inside an answer.
  UPSTREAM_IDLE_TIMEOUT_SECONDS: '2',
  LOG_LEVEL: 'warn',
})
try {
  const key = join(folder, 'agent.json')
  const env = { LEVEL5_URL: stack.ready.url, LEVEL5_KEY: key }
  const { pubkey } = JSON.parse(await succeed(['keygen', '--out', key, '--json'], env))
  await stack.fund(pubkey, DEPOSIT_USDC)
  await succeed(['deposit', '--usdc', DEPOSIT_USDC, '--json'], env)
  const args = ['conformance', '--provider-port', String(port), ...process.argv.slice(2)]
  const child = spawn(process.execPath, [EXECUTABLE, ...args], {
    env: { ...process.env, ...env },
    stdio: 'inherit',
  })
  const [code] = (await once(child, 'close')) as [number | null]
  process.exitCode = code ?? 1
} finally {
  await stack.stop()
  rmSync(folder, { recursive: true })
}

async function succeed(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<string> {
  const run = await runLevel5(args, env)
  if (run.code !== 0) throw new Error(`level5 ${args.join(' ')}: ${run.code} ${run.stderr}`)
  return run.stdout
}

async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
