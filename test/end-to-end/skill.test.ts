// SKILL.md is run as it is written: every fenced command, in order, in one shell session, as an agent would.
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { EXECUTABLE, ended, type Run } from '../support/executable.ts'
import { type Stack, startStack } from '../support/stack.ts'

const SKILL = readFileSync(new URL('../../skills/level5/SKILL.md', import.meta.url), 'utf8')
const folder = mkdtempSync(join(tmpdir(), 'level5-skill-'))
let stack: Stack

beforeAll(async () => {
  const terms = { REQUIRE_VOUCHERS: 'true', SETTLE_MARGIN_SECONDS: '1' }
  stack = await startStack(['--withdrawal-delay', '5'], terms)
})
afterAll(async () => {
  await stack.stop()
  rmSync(folder, { recursive: true })
})

/** The commands, block by block; a line is one command. */
const BLOCKS = [...SKILL.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block)

/** A folder on the PATH in which `level5` is the built executable. */
function pathWithLevel5(): string {
  const bin = join(folder, 'bin')
  mkdirSync(bin)
  const script = `#!/bin/sh\nexec "${process.execPath}" "${EXECUTABLE}" "$@"\n`
  writeFileSync(join(bin, 'level5'), script, { mode: 0o755 })
  return [bin, process.env['PATH']].join(delimiter)
}

/** Runs all blocks; a mark on stdout separates what each printed. */
async function runBlocks(): Promise<Run> {
  const script = BLOCKS.map((block) => `${block}printf '\\n@@@\\n'\n`).join('')
  const env = { PATH: pathWithLevel5(), HOME: folder, LEVEL5_URL: stack.ready.url }
  return await ended(spawn('bash', ['-e', '-c', script], { cwd: folder, env }))
}

/** Some thirty processes one after the other, and the withdrawal delay twice. */
const TIMEOUT_MS = 240_000

test('every command of the skill succeeds, and says what the skill says', {
  timeout: TIMEOUT_MS,
}, async () => {
  expect(SKILL).not.toMatch(/^```(?!sh$|$)/m)
  expect(BLOCKS.length).toBeGreaterThan(9)
  const run = await runBlocks()
  expect(run.stderr).not.toMatch(/unknown|Usage/)
  expect(run.code).toBe(0)
  const printed = run.stdout.split('\n@@@\n').slice(0, -1)
  expect(printed).toHaveLength(BLOCKS.length)
  const outputOf = (command: string) => {
    const at = BLOCKS.findIndex((block) => block.includes(command))
    return printed[at] ?? ''
  }
  const pubkey = outputOf('keygen --show').trim().split('\n').at(-1) ?? ''
  expect(outputOf('fund')).toContain(pubkey)
  expect(outputOf('deposit --usdc 1')).toContain('1.000000 USDC available')
  expect(JSON.parse(outputOf('curl'))).toMatchObject({ gateway: stack.ready.gateway })
  expect(outputOf('prices')).toMatch(/gpt-4o-mini +openai/)
  expect(JSON.parse(outputOf('quote'))).toMatchObject({
    worst_case: expect.stringMatching(/^\d+$/),
  })
  expect(outputOf('--stream')).toMatch(/Say hello[\s\S]*Count to five[\s\S]*"charge":"\d+"/)
  expect(outputOf('balance')).toMatch(/available +0\.99\d+ USDC/)
  expect(outputOf('balance')).toMatch(/DEPOSIT +\+1\.000000/)
  expect(outputOf('500 --json')).toMatch(/insufficient_balance[\s\S]*"shortfall"[\s\S]*\n\{"model"/)
  expect(outputOf('deposit --usdc 2')).toMatch(/insufficient_balance[\s\S]*credited[\s\S]*"charge"/)
  expect(outputOf('level5 vault')).toMatch(/nobody can change it[\s\S]*deposited +3\.000000 USDC/)
  const out = outputOf('withdraw --usdc 0.25')
  expect(out).toMatch(/0\.250000 USDC are in the wallet[\s\S]*0\.100000 USDC requested/)
  expect(out).toMatch(/0\.100000 USDC is cancelled[\s\S]*WITHDRAWAL +-0\.250000/)
  expect(outputOf('level5 exit')).toMatch(
    /2\.\d+ USDC and 2039280 lamports of rent came home[\s\S]*deposited +3\.000000 USDC/,
  )
})
