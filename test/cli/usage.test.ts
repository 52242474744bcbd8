// The command line as a person meets it: help everywhere, exit codes, one JSON document, keys that nobody else reads.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { toSigner } from '../../src/agent/key.ts'
import { packageVersion } from '../../src/cli/package-version.ts'
import { buildProgram } from '../../src/cli/program.ts'
import { documentOf, runLevel5 } from '../support/executable.ts'
import vectors from '../vectors.json' with { type: 'json' }

const folder = mkdtempSync(join(tmpdir(), 'level5-cli-'))
const KEY = join(folder, 'agent.json')
writeFileSync(KEY, JSON.stringify([...Buffer.from(vectors.agent.secret_key_hex, 'hex')]))
afterAll(() => rmSync(folder, { recursive: true }))

/** Nobody listens there. */
const NOWHERE = 'http://127.0.0.1:1'

const COMMANDS = buildProgram().commands.flatMap((command) =>
  command.commands.length === 0
    ? [[command.name()]]
    : command.commands.map((child) => [command.name(), child.name()]),
)

test('the commands are those of the contract', () => {
  expect(COMMANDS.map((path) => path.join(' ')).sort()).toEqual(
    [
      ...['balance', 'call', 'demo', 'deposit', 'dev', 'fund', 'keygen', 'prices', 'quote'],
      ...['vault', 'withdraw', 'exit', 'receipts', 'verify', 'conformance'],
      ...[
        'gateway init',
        'gateway show',
        'gateway update',
        'serve',
        'settle',
        'transactions',
        'watch',
      ],
    ].sort(),
  )
})

test.concurrent.each(COMMANDS.map((path) => path.join(' ')))('help: level5 %s', async (path) => {
  const words = path.split(' ')
  const run = await runLevel5([...words, '--help'])
  expect(run.code).toBe(0)
  expect(run.stdout).toContain(`Usage: level5 ${path}`)
  expect(run.stdout).toContain('--json')
})

test('--version prints the version of the package', async () => {
  const run = await runLevel5(['--version'])
  expect(run).toMatchObject({ code: 0, stdout: `${packageVersion()}\n` })
})

describe('wrong usage exits 2 and says on stderr what is allowed', () => {
  const wrong: [string[], RegExp][] = [
    [[], /Usage/],
    [['nonsense'], /unknown command/],
    [['gateway'], /Usage/],
    [['balance'], /--key/],
    [['balance', '--nonsense', '--key', KEY], /unknown option/],
    [['balance', '--key', join(folder, 'absent.json')], /cannot be read/],
    [['balance', '--key', KEY, '--url', 'nonsense'], /scheme:\/\/host/],
    [['deposit', '--key', KEY], /--usdc/],
    [['deposit', '--key', KEY, '--usdc', '1.0000001'], /six|6 decimals/],
    [['deposit', '--key', KEY, '--usdc', '0'], /above zero/],
    [['deposit', '--key', KEY, '--usdc', '-1'], /above zero|argument missing/],
    [['fund', 'nonsense', '--usdc', '1'], /base58/],
    [['transactions', '--key', KEY, '--limit', '501'], /500/],
    [['call', 'm', '--key', KEY], /prompt/],
    [['quote', 'm', 'p', '--key', KEY, '--max-tokens', '1.5'], /whole number/],
    [['keygen', '--out', KEY, '--show', KEY], /exclude/],
    [['dev', '--port', '70000'], /65535/],
    [['dev', '--validator', 'nonsense'], /embedded/],
    [['gateway', 'show'], /--rpc-url/],
    [['withdraw', '--key', KEY], /--usdc <amount>, --all or --cancel/],
    [['withdraw', '--key', KEY, '--usdc', '1', '--all'], /cannot be used with/],
    [['withdraw', '--key', KEY, '--all', '--cancel'], /cannot be used with/],
    [['exit', '--key', KEY], /--rpc-url/],
    [['exit', '--key', KEY, '--rpc-url', NOWHERE, '--program', 'x'], /base58/],
    [['call', 'm', 'p', '--key', KEY, '--voucher-limit', 'much'], /above zero/],
  ]
  test.concurrent.each(wrong)('level5 %j', async (args, said) => {
    const run = await runLevel5(args)
    expect(run.code).toBe(2)
    expect(run.stdout).toBe('')
    expect(run.stderr).toMatch(said)
  })
})

describe('failure exits 1', () => {
  test('level5 keygen --out never overwrites a key', async () => {
    const run = await runLevel5(['keygen', '--out', KEY])
    expect(run).toMatchObject({ code: 1, stdout: '' })
    expect(run.stderr).toMatch(/never overwritten/)
  })
  const failing = [
    ['balance', '--key', KEY, '--url', NOWHERE],
    ['prices', '--url', NOWHERE],
    ['vault', '--key', KEY, '--url', NOWHERE],
    ['fund', vectors.agent.pubkey, '--usdc', '5', '--url', NOWHERE],
  ]
  test.concurrent.each(failing)('level5 %s', async (...args) => {
    const plain = await runLevel5(args)
    expect(plain).toMatchObject({ code: 1, stdout: '' })
    expect(plain.stderr).toMatch(/no answer from/)
    const json = await runLevel5([...args, '--json'])
    expect(json.code).toBe(1)
    expect(documentOf(json)).toMatchObject({ error: { code: 'unreachable' } })
  })

  test('dev starts the validator that is asked for, and says which one is not there', async () => {
    const run = await runLevel5(['dev', '--validator', 'solana-test-validator'], { PATH: '' })
    expect(run).toMatchObject({ code: 1, stdout: '' })
    expect(run.stderr).toMatch(/^level5: solana-test-validator .* is not on the PATH/)
  })

  test('serve reports every setting that is missing or wrong at once', async () => {
    const run = await runLevel5(['serve'], { PORT: 'x' })
    expect(run.code).toBe(1)
    for (const variable of ['PORT', 'SOLANA_RPC_URL', 'PROGRAM_ID', 'RECEIPT_KEY']) {
      expect(run.stderr).toContain(variable)
    }
  })
})

describe('keygen', () => {
  test('writes 64 bytes that only the owner can read, and prints no secret', async () => {
    const out = join(folder, 'new.json')
    const run = await runLevel5(['keygen', '--out', out, '--json'])
    expect(run.code).toBe(0)
    expect(statSync(out).mode & 0o777).toBe(0o600)
    const bytes = JSON.parse(readFileSync(out, 'utf8')) as number[]
    expect(bytes).toHaveLength(64)
    const { publicKey } = toSigner(Uint8Array.from(bytes))
    expect(documentOf(run)).toEqual({ pubkey: publicKey, file: out })
    expect((await runLevel5(['keygen', '--show', out])).stdout).toBe(`${publicKey}\n`)
  })

  test('without --out the array itself is the output, and each run makes another', async () => {
    const [one, two] = await Promise.all([runLevel5(['keygen']), runLevel5(['keygen'])])
    expect(JSON.parse(one.stdout)).toHaveLength(64)
    expect(one.stdout).not.toBe(two.stdout)
  })
})
