import { readFileSync } from 'node:fs'
import { TransactionMessage } from '@solana/web3.js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import idl from '../../../contracts/idl.json' with { type: 'json' }
import { attempt, type InstructionName, instructionsOf, RIGHT } from './call.ts'
import { type ProgramChain, startScenario } from './chain.ts'

const README = readFileSync(new URL('../../../contracts/README.md', import.meta.url), 'utf8')
const NAMES = Object.keys(RIGHT) as InstructionName[]
/** A figure that is further above the measurement than this has gone stale. */
const SLACK = 1.15
/** The embedded validator leaves the signatures that the precompile checks out of its fees. */
const LAMPORTS_PER_SIGNATURE = 5_000

let chain: ProgramChain
beforeAll(async () => {
  chain = await startScenario()
})
afterAll(() => chain.validator.stop())

/** The figures of the README's table. */
function documented(name: string): { units: number; lamports: number } {
  const row = new RegExp(`^\\| \`${name}\` \\| \\w+ \\| ([\\d,]+) \\| ([\\d,]+) \\|`, 'm')
  const [units, lamports] = (row.exec(README) ?? [])
    .slice(1)
    .map((figure) => figure.replaceAll(',', ''))
  if (units === undefined || lamports === undefined) throw new Error(`no figures for ${name}`)
  return { units: Number(units), lamports: Number(lamports) }
}

test.each(NAMES)('%s costs no more than its documented figure, and not much less', async (name) => {
  const measured = await attempt(chain.rpc, chain.feePayer, ...instructionsOf(RIGHT[name]))
  expect(measured.said).toBe('ok')
  expect(measured.computeUnits).toBeLessThanOrEqual(documented(name).units)
  expect(measured.computeUnits * SLACK).toBeGreaterThan(documented(name).units)
})

test.each(NAMES)('%s: its base fee is the documented one', async (name) => {
  const instructions = instructionsOf(RIGHT[name])
  const signer = instructions.at(-1)?.keys.find(({ isSigner }) => isSigner)?.pubkey
  const { blockhash } = await chain.rpc.getLatestBlockhash()
  const payerKey = signer ?? chain.feePayer
  const message = new TransactionMessage({ payerKey, recentBlockhash: blockhash, instructions })
  const { value } = await chain.rpc.getFeeForMessage(message.compileToLegacyMessage())
  const unseen = chain.validator.kind === 'embedded' ? RIGHT[name].before.length : 0
  expect(value).toBe(documented(name).lamports - unseen * LAMPORTS_PER_SIGNATURE)
})

test('the README lists every error with its number and meaning', () => {
  const rows = [...README.matchAll(/^\| (\d{4}) \| `(\w+)` \| (.+) \|$/gm)]
  const listed = rows.map(([, code, name, msg]) => ({ code: Number(code), name, msg }))
  expect(listed).toEqual(idl.errors)
})
