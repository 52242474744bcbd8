import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import idl from '../../../contracts/idl.json' with { type: 'json' }
import {
  attempt,
  callWith,
  type InstructionName,
  instructionsOf,
  layoutOf,
  RIGHT,
  type Verdict,
} from './call.ts'
import { type Cell, FLAWS, type Flaw } from './cells.ts'
import { type ProgramChain, startScenario } from './chain.ts'
import { MAY_COINCIDE, TABLE } from './table.ts'

const NAMES = Object.keys(RIGHT) as InstructionName[]

let chain: ProgramChain
beforeAll(async () => {
  chain = await startScenario()
})
afterAll(() => chain.validator.stop())

function tryFlag(name: InstructionName, account: string, flaw: Flaw): Promise<Verdict> {
  const flags = flaw === 'signer' ? { isSigner: false } : { isWritable: false }
  const instructions = instructionsOf(RIGHT[name], { [account]: flags })
  return attempt(chain.rpc, chain.feePayer, ...instructions)
}

/** Puts each other account of the instruction in this one's place, in turn. */
async function tryDuplicates(name: InstructionName, account: string): Promise<string[]> {
  const said: string[] = []
  for (const other of layoutOf(name)) {
    if (other.name === account) continue
    if (MAY_COINCIDE.includes(`${name} ${account} ${other.name}`)) continue
    const pubkey = RIGHT[name].accounts[other.name]
    if (pubkey === undefined) throw new Error(`${name} lacks ${other.name}`)
    const call = callWith(name, { [account]: pubkey })
    const verdict = await attempt(chain.rpc, chain.feePayer, ...instructionsOf(call))
    said.push(`${other.name}: ${verdict.said}`)
  }
  return said
}

describe('the table is complete', () => {
  test('every instruction of the IDL, every account of each, every flaw', () => {
    const cells = NAMES.flatMap((name) =>
      Object.entries(TABLE[name]).flatMap(([account, row]) =>
        Object.keys(row).map((flaw) => `${name} ${account} ${flaw}`),
      ),
    )
    const expected = idl.instructions.flatMap(({ name, accounts }) =>
      accounts.flatMap((account) => FLAWS.map((flaw) => `${name} ${account.name} ${flaw}`)),
    )
    expect(cells.sort()).toEqual(expected.sort())
  })

  test('a flag is free only where the IDL does not ask for it', () => {
    const wrong = NAMES.flatMap((name) =>
      layoutOf(name).flatMap(({ name: account, signer = false, writable = false }) => {
        const row = TABLE[name][account]
        const signs = row?.signer.kind === 'refused'
        const writes = row?.writable.kind === 'refused'
        return signs === signer && writes === writable ? [] : [`${name} ${account}`]
      }),
    )
    expect(wrong).toEqual([])
  })

  test('every error that a cell names is one of the program', () => {
    const names = new Set(idl.errors.map(({ name }) => name))
    const rows = NAMES.flatMap((name) => Object.values(TABLE[name]))
    const cells: Cell[] = rows.flatMap((row) => Object.values(row))
    const unknown = cells.flatMap((cell) =>
      cell.kind === 'refused' && !names.has(cell.error) ? [cell.error] : [],
    )
    expect(unknown).toEqual([])
  })
})

describe.each(NAMES)('%s', (name) => {
  test('succeeds as it should be called', async () => {
    const verdict = await attempt(chain.rpc, chain.feePayer, ...instructionsOf(RIGHT[name]))
    expect(verdict.said).toBe('ok')
  })

  const refusals = Object.entries(TABLE[name]).flatMap(([account, row]) =>
    FLAWS.flatMap((flaw) => {
      const cell = row[flaw]
      return cell.kind === 'refused' ? [{ account, flaw, ...cell }] : []
    }),
  )

  test.each(refusals)('$account: wrong $flaw → $error', async ({ account, flaw, ...cell }) => {
    if (flaw === 'duplicate') {
      const said = await tryDuplicates(name, account)
      expect(said.filter((answer) => !answer.endsWith(`: ${cell.error}`))).toEqual([])
      expect(said.length).toBeGreaterThan(0)
    } else if (flaw === 'signer' || flaw === 'writable') {
      expect((await tryFlag(name, account, flaw)).said).toBe(cell.error)
    } else {
      const instructions = instructionsOf(callWith(name, cell.accounts))
      const verdict = await attempt(chain.rpc, chain.feePayer, ...instructions)
      expect(verdict.said).toBe(cell.error)
    }
  })
})
