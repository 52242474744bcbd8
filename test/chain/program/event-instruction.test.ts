import { type PublicKey, SystemProgram, TransactionInstruction } from '@solana/web3.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventAuthority } from '../../../src/chain/addresses.ts'
import { attempt } from './call.ts'
import { type ProgramChain, startScenario } from './chain.ts'
import { ODD, PROGRAM } from './scenario.ts'

let chain: ProgramChain
beforeAll(async () => {
  chain = await startScenario()
})
afterAll(() => chain.validator.stop())

async function sayTo(instruction: TransactionInstruction): Promise<string> {
  return (await attempt(chain.rpc, chain.feePayer, instruction)).said
}

describe('C3: the event instruction', () => {
  const data = Buffer.from('e445a52e51cb9a1d', 'hex')
  const from = (pubkey: PublicKey, isSigner: boolean) =>
    new TransactionInstruction({
      programId: PROGRAM,
      keys: [{ pubkey, isSigner, isWritable: false }],
      data,
    })

  test('is refused without the event authority’s signature', async () => {
    expect(await sayTo(from(eventAuthority(PROGRAM), false))).toBe('EventNotOurs')
  })

  test('is refused with the signature of anyone else', async () => {
    expect(await sayTo(from(ODD.stranger, true))).toBe('EventNotOurs')
    expect(await sayTo(from(SystemProgram.programId, false))).toBe('EventNotOurs')
  })

  test('is refused without an account', async () => {
    const instruction = new TransactionInstruction({ programId: PROGRAM, keys: [], data })
    expect(await sayTo(instruction)).toBe('WrongAccountCount')
  })
})
