// The README's way out, run as it is written: once beside a living gateway, and once after it is gone.
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { PublicKey } from '@solana/web3.js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createAgent } from '../../src/agent/index.ts'
import { tokenAddress } from '../../src/chain/addresses.ts'
import { readTokenAccount } from '../../src/chain/token.ts'
import { validatorKind } from '../../src/chain/validator/validator.ts'
import { type DevStack, startDevStack } from '../../src/cli/dev/dev-stack.ts'
import { newSecretKey } from '../../src/cli/keygen.ts'
import { EXECUTABLE, ended, type Run } from '../support/executable.ts'

const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
const [, SECTION = ''] = /^## Leaving, with the gateway gone\n([\s\S]*?)^## /m.exec(README) ?? []
const BLOCKS = [...SECTION.matchAll(/^```\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block)

const folder = mkdtempSync(join(tmpdir(), 'level5-leaving-'))
const key = newSecretKey()
let stack: DevStack

beforeAll(async () => {
  writeFileSync(join(folder, 'agent.json'), JSON.stringify([...key]))
  stack = await startDevStack({
    port: 0,
    dataDir: null,
    withdrawalDelaySeconds: 3,
    validator: validatorKind(process.env['LEVEL5_VALIDATOR']),
    env: { ...process.env, LOG_LEVEL: 'silent', SETTLE_MARGIN_SECONDS: '1' },
  })
})
afterAll(async () => {
  await stack.close()
  rmSync(folder, { recursive: true })
})

/** Runs a block of the README; `npx` is one that finds the built executable. */
async function runBlock(block: string | undefined, env: Record<string, string>): Promise<Run> {
  const bin = join(folder, 'bin')
  mkdirSync(bin, { recursive: true })
  const script = `#!/bin/sh\nshift\nexec "${process.execPath}" "${EXECUTABLE}" "$@"\n`
  writeFileSync(join(bin, 'npx'), script, { mode: 0o755 })
  const path = [bin, process.env['PATH']].join(delimiter)
  const child = spawn('bash', ['-e', '-c', block ?? 'false'], {
    cwd: folder,
    env: { PATH: path, HOME: folder, ...env },
  })
  return await ended(child)
}

test('C9: the commands of the README bring everything home, the gateway living or gone', async () => {
  expect(BLOCKS).toHaveLength(2)
  const { url, rpc_url, program, gateway, mint } = stack.ready
  const agent = createAgent({ key, url })
  const body = JSON.stringify({ pubkey: agent.publicKey, usdc: '2' })
  const headers = { 'content-type': 'application/json' }
  await fetch(`${url}/dev/fund`, { method: 'POST', headers, body })
  await agent.deposit({ usdc: '2' })
  const living = await runBlock(BLOCKS[0], { LEVEL5_URL: url, LEVEL5_KEY: 'agent.json' })
  expect(living.code, living.stderr).toBe(0)
  expect(living.stdout).toMatch(/0\.500000 USDC are in the wallet[\s\S]*withdrawn +0\.500000 USDC/)

  await stack.stopGateway()
  await expect(fetch(`${url}/health`)).rejects.toThrow()
  const known = { SOLANA_RPC_URL: rpc_url, PROGRAM_ID: program, GATEWAY_ADDRESS: gateway }
  const gone = await runBlock(BLOCKS[1], known)
  expect(gone.code, gone.stderr).toBe(0)
  expect(gone.stdout).toMatch(/1\.500000 USDC and 2039280 lamports of rent came home/)
  expect(gone.stdout).toMatch(/withdrawn +2\.000000 USDC[\s\S]*tokens +0\.000000 USDC/)
  expect(gone.stderr).toMatch(/requested 1\.500000 USDC[\s\S]*waiting[\s\S]*withdrew[\s\S]*closed/)
  const wallet = tokenAddress(new PublicKey(agent.publicKey), new PublicKey(mint))
  const account = await stack.rpc.getAccountInfo(wallet, 'finalized')
  expect(readTokenAccount(account?.data ?? Buffer.alloc(0))?.amount).toBe(2_000_000n)
})
