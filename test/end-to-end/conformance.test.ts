// `level5 conformance` as a person runs it, against a real stack: with the provider that it plays, without one, and wrongly used.
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { PROPERTIES } from '../../src/conformance/properties.ts'
import type { PropertyReport } from '../../src/conformance/report.ts'
import { startLittleGateway } from '../conformance/little/little-gateway.ts'
import { runLevel5 } from '../support/executable.ts'
import { type Stack, startStack } from '../support/stack.ts'

const folder = mkdtempSync(join(tmpdir(), 'level5-conformance-'))
const KEY = join(folder, 'agent.json')
/** A part that is over in seconds; `npm run conformance` runs them all. The last two show nothing at a `dev` stack. */
const LOOKED_AT = ['L1', 'L2', 'L3', 'M1', 'M2', 'M7', 'A1', 'A2', 'A3', 'A4', 'C9', 'L7', 'S4']
const SHOWN = LOOKED_AT.slice(0, -2)
let stack: Stack
let port = 0

beforeAll(async () => {
  port = await freePort()
  const provider = `http://127.0.0.1:${port}`
  stack = await startStack([], {
    OPENAI_BASE_URL: `${provider}/v1`,
    OPENAI_API_KEY: 'played',
    ANTHROPIC_BASE_URL: provider,
    ANTHROPIC_API_KEY: 'played',
  })
  const made = await runLevel5(['keygen', '--out', KEY, '--json'])
  await stack.fund((JSON.parse(made.stdout) as { pubkey: string }).pubkey, '1')
  const paid = await level5(['deposit', '--usdc', '1', '--json'])
  expect(paid.stderr).toContain('credited')
})
afterAll(async () => {
  await stack.stop()
  rmSync(folder, { recursive: true })
})

function level5(args: readonly string[]) {
  return runLevel5(args, { LEVEL5_URL: stack.ready.url, LEVEL5_KEY: KEY })
}

function reported(stdout: string): readonly PropertyReport[] {
  return (JSON.parse(stdout) as { properties: readonly PropertyReport[] }).properties
}

function idsOf(properties: readonly PropertyReport[], result: PropertyReport['result']) {
  return properties.filter((property) => property.result === result).map(({ id }) => id)
}

test('with a provider to play: nothing broken, and what can be seen is held', async () => {
  const part = ['--quick', '--only', LOOKED_AT.join(',')]
  const run = await level5(['conformance', '--provider-port', String(port), ...part, '--json'])
  const properties = reported(run.stdout)
  expect(properties.map(({ id }) => id)).toEqual(PROPERTIES.map(({ id }) => id))
  expect(properties.filter(({ result }) => result === 'broken')).toEqual([])
  expect(idsOf(properties, 'held').sort()).toEqual(SHOWN.toSorted())
  const reasons = new Map(properties.map(({ id, reason }) => [id, reason]))
  expect(reasons.get('L7')).toContain('asks no other model')
  expect(reasons.get('S4')).toContain('a gateway for tests')
  expect(reasons.get('L5')).toBe('left out by --only')
  for (const { result, cases, evidence } of properties) {
    expect(cases > 0).toBe(result === 'held')
    expect(evidence).toBeUndefined()
  }
  expect(run.code).toBe(0)
})

test('without one, and with a session token: what needs neither', async () => {
  const run = await level5(['conformance', '--only', 'l1,A1,A4,C9', '--json'])
  expect(run.code).toBe(0)
  expect(idsOf(reported(run.stdout), 'held')).toEqual(['L1', 'A1', 'C9'])
  const agent = await stack.newAgent('1')
  const { token } = await agent.session({ ttl_seconds: 600 })
  const args = ['conformance', '--key', token, '--only', 'A1,C9']
  const table = await level5(args)
  expect(table.stdout).toMatch(/^A1 .* not applicable +requests carry no signature$/m)
  expect(table.stdout).toMatch(/^C9 .* held +1 case$/m)
  expect(table.stdout).toMatch(/^1 held, 0 broken, 33 not applicable; 1 cases$/m)
  expect(table.code).toBe(0)
})

test('what is broken is printed with its evidence, and exits 1', async () => {
  const faults = ['has a faucet'] as const
  const little = await startLittleGateway({
    providerUrl: 'http://127.0.0.1:9',
    faults,
    now: Date.now,
  })
  const args = ['conformance', '--url', little.url, '--only', 'S4,A1']
  const table = await level5(args)
  expect(table.stdout).toMatch(/^S4 .* BROKEN +\d+ cases$/m)
  expect(table.stdout).toMatch(/^ {2}\/dev\/fund: POST \/dev\/fund .* was answered 400/m)
  expect(table.code).toBe(1)
  const run = await level5([...args, '--json'])
  const [broken] = reported(run.stdout).filter(({ result }) => result === 'broken')
  expect(broken).toMatchObject({ id: 'S4', evidence: expect.stringContaining('/dev/fund') })
  expect(run.code).toBe(1)
  await little.close()
})

test('a provider that the gateway does not ask: the run says so and judges nothing', async () => {
  const other = await freePort()
  const run = await level5(['conformance', '--provider-port', String(other), '--only', 'L3'])
  expect(run).toMatchObject({ code: 1, stdout: '' })
  expect(run.stderr).toContain(`played at http://127.0.0.1:${other}: point the gateway there`)
})

test('wrong usage is 2, a gateway that is not there is 1', async () => {
  const strangers = await level5(['conformance', '--only', 'L2,X9'])
  expect(strangers).toMatchObject({ code: 2, stderr: expect.stringContaining('X9') })
  const model = await level5(['conformance', '--model', 'gpt-4o-mini'])
  expect(model).toMatchObject({ code: 2, stderr: expect.stringContaining('openai-chat') })
  const keyless = await runLevel5(['conformance'])
  expect(keyless.code).toBe(2)
  const nobody = await level5(['conformance', '--url', `http://127.0.0.1:${await freePort()}`])
  expect(nobody).toMatchObject({ code: 1, stdout: '' })
})

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
