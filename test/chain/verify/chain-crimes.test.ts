// What only a chain can show: keys that change, an operator that takes more than was spent, and the command that says so.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PublicKey } from '@solana/web3.js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Delivered, signed } from '../../proof/honest-gateway.ts'
import { testKey } from '../../proof/keys.ts'
import { runLevel5 } from '../../support/executable.ts'
import { VerifySite } from './site.ts'

let site: VerifySite
let folder: string

beforeAll(async () => {
  site = await VerifySite.start()
  folder = mkdtempSync(join(tmpdir(), 'level5-verify-'))
  writeFileSync(join(folder, 'key.json'), JSON.stringify([...site.secretKey]))
  await site.agent.deposit({ usdc: '1' })
  await site.call()
  await site.call()
})
afterAll(async () => {
  rmSync(folder, { recursive: true })
  await site.close()
})

async function level5(command: string, ...more: string[]) {
  const { url, program, gateway, rpc_url } = site.stack.ready
  const pins = ['--program', program, '--gateway', gateway, '--rpc-url', rpc_url]
  const agent = ['--key', join(folder, 'key.json'), '--url', url]
  return await runLevel5([command, ...agent, ...(command === 'verify' ? pins : []), ...more])
}

test('level5 receipts lists them, and level5 verify finds nothing: exit 0', async () => {
  const listed = await level5('receipts', '--json', '--limit', '1')
  expect(JSON.parse(listed.stdout)).toMatchObject({
    data: [{ receipt: { seq: 1 } }],
    next_cursor: '1',
  })
  expect((await level5('receipts', '--after', '1')).stdout).toMatch(/^2 .*gpt-4o-mini +completed/)
  const checked = await level5('verify', '--json')
  expect(checked.code, checked.stderr).toBe(0)
  expect(JSON.parse(checked.stdout)).toMatchObject({
    ok: true,
    findings: [],
    notes: [],
    checked: { receipts: 2 },
  })
  const said = await level5('verify')
  expect(said.code).toBe(0)
  expect(said.stdout).toMatch(/receipts +2.*no contradiction found/s)
})

test('after the key has changed on chain, old receipts verify, and new ones under the new key', async () => {
  const next = testKey('the next receipt key')
  await site.rotate(new PublicKey(next.pubkey))
  const before = await site.agent.verify()
  expect(before).toMatchObject({ ok: true, checked: { receipt_keys: 2 } })
  site.proxy.tamper((target, shown) => {
    if (!target.startsWith('/v1/receipts?')) return null
    const { data } = shown.body as { data: Delivered[] }
    const [first, second] = data
    return {
      ...shown,
      body: { data: [first, signed(second?.receipt ?? {}, next)], next_cursor: null },
    }
  })
  const after = await site.agent.verify()
  site.proxy.tamper()
  expect(after).toMatchObject({ ok: true, findings: [] })
})

test('C9: a settlement beyond spent is found, and level5 verify exits 1 with both facts', async () => {
  const { spent } = await site.agent.balance()
  await site.settle(BigInt(spent))
  expect(await site.kinds()).toEqual([])
  const taken = (BigInt(spent) + 1_000n).toString()
  await site.settle(BigInt(taken))
  expect(await site.agent.verify()).toMatchObject({
    ok: false,
    findings: [
      {
        kind: 'settled_beyond_spent',
        says: { source: 'receipt', states: { seq: 2, spent }, delivered: { receipt: { spent } } },
        but: { source: 'chain', states: { cumulative: taken } },
      },
    ],
    checked: { settlements: 2, settled: taken },
  })
  const said = await level5('verify')
  expect(said.code).toBe(1)
  expect(said.stdout).toContain('settled_beyond_spent: ')
  expect(said.stdout).toContain('1 contradiction found')
})

test('a gateway that is away is an error, not a finding; so is a chain without that gateway', async () => {
  const { program, rpc_url } = site.stack.ready
  const pins = ['--program', program, '--rpc-url', rpc_url, '--key', join(folder, 'key.json')]
  const away = await runLevel5([
    'verify',
    '--json',
    '--url',
    'http://127.0.0.1:1',
    '--gateway',
    site.stack.ready.gateway,
    ...pins,
  ])
  expect(away.code).toBe(1)
  expect(JSON.parse(away.stdout)).toMatchObject({ error: { code: 'unreachable' } })
  const other = testKey('no gateway').pubkey
  const none = await runLevel5([
    'verify',
    '--json',
    '--url',
    site.stack.ready.url,
    '--gateway',
    other,
    ...pins,
  ])
  expect(JSON.parse(none.stdout)).toMatchObject({ error: { code: 'untrusted_answer' } })
})
