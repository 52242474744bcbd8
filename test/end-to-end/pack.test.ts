// The package as its users get it: packed, installed into an empty directory, imported and run there.
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { packageVersion } from '../../src/cli/package-version.ts'
import { type Stack, startStack } from '../support/stack.ts'

const run = promisify(execFile)
const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const empty = mkdtempSync(join(tmpdir(), 'level5-pack-'))
let stack: Stack

/** Prints what an agent's first program would, and which server parts were loaded on the way. */
const PROGRAM = `
import { createAgent, Level5Error } from 'level5'
const agent = createAgent({ key: 'agent.json', url: process.env.LEVEL5_URL })
const before = await agent.fetch(agent.url + '/v1/balance').then((answer) => answer.json())
const refused = await agent.deposit({ usdc: '1' }).catch((error) => error)
await fetch(agent.url + '/dev/fund', {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ pubkey: agent.publicKey, usdc: '2' }),
})
const { available } = await agent.deposit({ usdc: '1' })
const isError = refused instanceof Level5Error
console.log(JSON.stringify({ before: before.available, code: refused.code, isError, available }))
`

beforeAll(async () => {
  stack = await startStack()
})
afterAll(async () => {
  await stack.stop()
  rmSync(empty, { recursive: true })
})

test('the tarball works from an empty directory', async () => {
  // Built already, by this suite's set-up; dependencies' install scripts (the ledger's compiler) are the server's business.
  const packing = ['pack', '--ignore-scripts', '--json', '--pack-destination', empty]
  const packed = await run('npm', packing, { cwd: ROOT })
  const [{ filename, files }] = JSON.parse(packed.stdout) as [
    { filename: string; files: { path: string }[] },
  ]
  const paths = files.map(({ path }) => path)
  for (const needed of ['contracts/idl.json', 'contracts/vault.so', 'skills/level5/SKILL.md']) {
    expect(paths).toContain(needed)
  }
  expect(paths.filter((path) => /^(src|test|watcher)\/|\.tsbuildinfo$/.test(path))).toEqual([])
  writeFileSync(join(empty, 'package.json'), '{"type":"module"}')
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline']
  await run('npm', ['install', ...quiet, join(empty, filename)], { cwd: empty })
  const bin = join(empty, 'node_modules', '.bin', 'level5')
  const { PATH = '', HOME = '' } = process.env
  const options = { cwd: empty, env: { PATH, HOME, LEVEL5_URL: stack.ready.url } }
  expect((await run(bin, ['--version'], options)).stdout).toBe(`${packageVersion()}\n`)
  await run(bin, ['keygen', '--out', 'agent.json'], options)
  writeFileSync(join(empty, 'first.mjs'), PROGRAM)
  const told = await run(process.execPath, ['first.mjs'], options)
  expect(JSON.parse(told.stdout)).toEqual({
    before: '0',
    code: 'deposit_failed',
    isError: true,
    available: '1000000',
  })
})
