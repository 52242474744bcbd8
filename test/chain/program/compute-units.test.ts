import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import idl from '../../../contracts/idl.json' with { type: 'json' }
import { attempt, type InstructionName, instructionsOf, RIGHT } from './call.ts'
import { type ProgramChain, startScenario } from './chain.ts'

const README = readFileSync(new URL('../../../contracts/README.md', import.meta.url), 'utf8')
const NAMES = Object.keys(RIGHT) as InstructionName[]
/** A figure that is further above the measurement than this has gone stale. */
const SLACK = 1.15

let chain: ProgramChain
beforeAll(async () => {
  chain = await startScenario()
})
afterAll(() => chain.validator.stop())

/** The figure of the README's table, in compute units. */
function documented(name: string): number {
  const figure = new RegExp(`^\\| \`${name}\` \\| [\\w]+ \\| ([\\d,]+) \\|`, 'm').exec(README)?.[1]
  if (figure === undefined) throw new Error(`the README has no figure for ${name}`)
  return Number(figure.replaceAll(',', ''))
}

test.each(NAMES)('%s costs no more than its documented figure, and not much less', async (name) => {
  const measured = await attempt(chain.rpc, chain.feePayer, ...instructionsOf(RIGHT[name]))
  expect(measured.said).toBe('ok')
  expect(measured.computeUnits).toBeLessThanOrEqual(documented(name))
  expect(measured.computeUnits * SLACK).toBeGreaterThan(documented(name))
})

test('the README lists every error with its number and meaning', () => {
  const rows = [...README.matchAll(/^\| (\d{4}) \| `(\w+)` \| (.+) \|$/gm)]
  const listed = rows.map(([, code, name, msg]) => ({ code: Number(code), name, msg }))
  expect(listed).toEqual(idl.errors)
})
