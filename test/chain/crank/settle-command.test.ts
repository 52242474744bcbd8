// `level5 settle` as the operator meets it: beside a ledger that another process has open.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Keypair } from '@solana/web3.js'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { startTestNetwork, type TestNetwork } from '../../support/chain.ts'
import { documentOf, runLevel5 } from '../../support/executable.ts'
import { CrankSite } from './crank-site.ts'

const SIGNER = join(import.meta.dirname, '../../signers/programs/signer.mjs')
const folder = mkdtempSync(join(tmpdir(), 'level5-settle-'))
let shared: TestNetwork
beforeAll(async () => {
  shared = await startTestNetwork()
})
afterAll(async () => {
  await shared.stop()
  rmSync(folder, { recursive: true, force: true })
})

function keyFile(name: string, { secretKey }: Keypair): string {
  const file = join(folder, name)
  writeFileSync(file, JSON.stringify([...secretKey]))
  return file
}

/** A site whose gateway is final: the command goes by nothing else. */
async function openSite(): Promise<CrankSite> {
  const site = await CrankSite.open(shared)
  const { rpc, gateway } = site.network
  await vi.waitFor(
    async () => expect(await rpc.getAccountInfo(gateway, 'finalized')).not.toBeNull(),
    { timeout: 60_000, interval: 100 },
  )
  return site
}

/** The settings of the site's gateway; nothing of a key. */
function settingsOf({ network, folder: dataDir }: CrankSite) {
  const { program, gateway, mint, validator } = network
  return {
    DATA_DIR: dataDir,
    SOLANA_CHAIN: 'localnet',
    SOLANA_RPC_URL: validator.rpcUrl,
    PROGRAM_ID: program.toBase58(),
    GATEWAY_ADDRESS: gateway.toBase58(),
    USDC_MINT: mint.toBase58(),
  }
}

test('settles what can be, says what it cost and what stays at risk, and once only', async () => {
  const site = await openSite()
  const [one, other] = await site.customers(2, 10_000n)
  if (one === undefined || other === undefined) throw new Error('no customers')
  await site.spend(one, 30n, 20n)
  await site.spend(other, 7n, 7n)
  const file = keyFile('operator.json', site.network.operator)
  const env = { ...settingsOf(site), OPERATOR_KEY: file }
  const before = await site.lamports()

  const first = documentOf(await runLevel5(['settle', '--json', '--agent', one.key], env))
  expect(first).toMatchObject({
    settled: [{ agent: one.key, amount: '20', cumulative: '20' }],
    failed: [],
    agents: [{ agent: one.key, spent: '30', settled: '20', at_risk: '10' }],
    totals: { settled: '20', fee_lamports: 10_000, covered: '0', owed: '0', at_risk: '10' },
  })
  const command = `cmd:"${process.execPath}" "${SIGNER}" "${file}" "${join(folder, 'log')}"`
  const second = await runLevel5(['settle', '--operator-key', command], settingsOf(site))
  expect(second.code).toBe(0)
  expect(second.stdout).toMatch(new RegExp(`settled +${other.key} +0.000007 USDC`))
  expect(second.stdout).toContain('fee 10000 lamports')
  expect(second.stdout).toContain('0.000010 USDC at risk')
  const third = await runLevel5(['settle', '--json'], env)
  expect(documentOf(third)).toMatchObject({ settled: [], transactions: [] })
  expect(await site.paid()).toBe(27n)
  expect(before - (await site.lamports())).toBe(20_000)
})

test('exits 1 where something could not be settled, naming why', async () => {
  const site = await openSite()
  const [customer, other] = await site.customers(2, 10_000n)
  if (customer === undefined || other === undefined) throw new Error('no customers')
  await site.spend(customer, 30n, null)
  await site.sign({ ...other, key: customer.key, vault: customer.vault }, 30n)
  const file = keyFile('operator.json', site.network.operator)
  const run = await runLevel5(['settle', '--json', '--operator-key', file], settingsOf(site))
  expect(run.code).toBe(1)
  expect(documentOf(run)).toMatchObject({
    settled: [],
    failed: [{ agent: customer.key, vault: customer.vault.toBase58() }],
    totals: { settled: '0', fee_lamports: 0, covered: '30' },
  })
})

test('without the right key, a ledger or a chain that is the ledger’s it does nothing', async () => {
  const site = await openSite()
  const settings = settingsOf(site)
  expect(await runLevel5(['settle'], settings)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('OPERATOR_KEY'),
  })
  const stranger = keyFile('stranger.json', Keypair.generate())
  const authority = site.network.operator.publicKey.toBase58()
  expect(await runLevel5(['settle', '--operator-key', stranger], settings)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(authority),
  })
  const env = { ...settings, OPERATOR_KEY: keyFile('operator.json', site.network.operator) }
  const nowhere = await runLevel5(['settle'], { ...env, DATA_DIR: join(folder, 'nowhere') })
  expect(nowhere).toMatchObject({ code: 1, stderr: expect.stringContaining('no ledger') })
  const foreign = await openSite()
  await foreign.ledger.bind({ genesisHash: 'another', program: 'p', gateway: 'g', mint: 'm' })
  expect(await runLevel5(['settle'], { ...env, DATA_DIR: foreign.folder })).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('the ledger belongs to genesisHash another'),
  })
})
