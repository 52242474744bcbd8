import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import anchor from '@coral-xyz/anchor'
import { PublicKey } from '@solana/web3.js'
import { describe, expect, test } from 'vitest'
import idl from '../../contracts/idl.json' with { type: 'json' }
import vectors from '../vectors.json' with { type: 'json' }

const VAULT_SOURCES = new URL('../../contracts/vault/src/', import.meta.url)
const coder = new anchor.BorshCoder(idl as anchor.Idl)

const source = (name: string) => readFileSync(new URL(name, VAULT_SOURCES), 'utf8')
const hex = (bytes: readonly number[]) => Buffer.from(bytes).toString('hex')
const plain = (values: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, `${value}`]))

describe('discriminators', () => {
  test.each([
    ['instructions', 'global', idl.instructions],
    ['accounts', 'account', idl.accounts],
    ['events', 'event', idl.events],
  ] as const)(
    '%s are the hashes of their names and stand in the vectors',
    (kind, space, listed) => {
      const expected: Readonly<Record<string, string>> = vectors.discriminators_hex[kind]
      for (const { name, discriminator } of listed) {
        const hash = createHash('sha256').update(`${space}:${name}`).digest().subarray(0, 8)
        expect(hex(discriminator)).toBe(hash.toString('hex'))
        expect(hex(discriminator)).toBe(expected[name])
      }
    },
  )
})

describe("Anchor's coder reads the vectors", () => {
  test.each([
    ['Gateway', vectors.accounts.gateway],
    ['Vault', vectors.accounts.vault],
  ] as const)('account %s, both ways and with padding behind it', async (name, vector) => {
    const data = Buffer.from(vector.data_hex, 'hex')
    const fields = plain(vector.fields)
    const read = coder.accounts.decode(name, data)
    expect(plain(read)).toEqual(fields)
    expect(plain(coder.accounts.decode(name, Buffer.concat([data, Buffer.alloc(64)])))).toEqual(
      fields,
    )
    expect(await coder.accounts.encode(name, read)).toEqual(data)
  })

  test('event DepositEvent', () => {
    const { fields, instruction_data_hex } = vectors.events.DepositEvent
    const data = Buffer.from(instruction_data_hex, 'hex')
    expect(hex([...data.subarray(0, 8)])).toBe(vectors.discriminators_hex.event_instruction_tag)
    const event = coder.events.decode(data.subarray(8).toString('base64'))
    expect(event?.name).toBe('DepositEvent')
    expect(plain(event?.data ?? {})).toEqual(fields)
  })

  test('every instruction, with arguments and without', () => {
    const terms = {
      treasury: PublicKey.default,
      withdrawal_delay: new anchor.BN(900),
      receipt_key: PublicKey.default,
      endpoint: 'x',
    }
    const args: Readonly<Record<string, object>> = {
      initialize_gateway: terms,
      update_gateway: terms,
      open_vault: { withdrawal_delay: new anchor.BN(900) },
      deposit: { amount: new anchor.BN('18446744073709551615') },
      sync_vault: {},
      settle: { cumulative: new anchor.BN('18446744073709551615') },
      request_withdrawal: { amount: new anchor.BN(1) },
      cancel_withdrawal: {},
      withdraw: {},
      close_deposit_address: {},
    }
    expect(Object.keys(args)).toEqual(idl.instructions.map(({ name }) => name))
    for (const { name } of idl.instructions) {
      const data = coder.instruction.encode(name, args[name])
      expect(coder.instruction.decode(data)?.name).toBe(name)
    }
  })
})

test('every instruction names the gateway, so that one search of signatures finds them all', () => {
  for (const { name, accounts } of idl.instructions) {
    expect(
      accounts.map((account) => account.name),
      name,
    ).toContain('gateway')
  }
})

describe('derived addresses', () => {
  const { program } = vectors
  const programId = new PublicKey(program.program_id)
  const seedsOf = (instruction: string, account: string) => {
    const found = idl.instructions
      .find(({ name }) => name === instruction)
      ?.accounts.find(({ name }) => name === account)
    if (found === undefined || !('pda' in found)) throw new Error(`${account} is not derived`)
    return found.pda
  }
  const known: Readonly<Record<string, string>> = {
    authority: program.authority,
    mint: program.mint,
    'gateway.mint': program.mint,
    gateway: program.gateway.address,
    agent: vectors.agent.pubkey,
    vault: program.vault.address,
  }

  test.each([
    ['initialize_gateway', 'gateway', program.gateway.address],
    ['open_vault', 'vault', program.vault.address],
    ['open_vault', 'deposit_address', program.deposit_address],
    ['open_vault', 'event_authority', program.event_authority.address],
    ['withdraw', 'vault', program.vault.address],
    ['settle', 'deposit_address', program.deposit_address],
    ['close_deposit_address', 'deposit_address', program.deposit_address],
  ])('%s: the seeds of %s in the IDL give the vector', (instruction, account, address) => {
    const { seeds, ...pda } = seedsOf(instruction, account)
    const bytes = seeds.map((seed) => {
      if ('value' in seed) return Buffer.from(seed.value ?? [])
      const value = known[seed.path ?? '']
      if (value === undefined) throw new Error(`${seed.path} is not in the vectors`)
      return new PublicKey(value).toBuffer()
    })
    const by = 'program' in pda ? new PublicKey(Buffer.from(pda.program.value)) : programId
    const [found] = PublicKey.findProgramAddressSync(bytes, by)
    expect(found.toBase58()).toBe(address)
  })
})

describe('the IDL and the Rust sources agree', () => {
  test('errors: numbers, names and messages', () => {
    const listed = [...source('error.rs').matchAll(/\/\/\/ (.+)\.\n {4}(\w+)(?: = (\d+))?,/g)]
    expect(listed[0]?.[3]).toBe('6000')
    expect(idl.errors).toEqual(
      listed.map(([, msg, name], place) => ({ code: 6000 + place, name, msg })),
    )
  })

  test('discriminators of instructions, accounts and events', () => {
    const literal = (text: string) =>
      [...text.matchAll(/DISCRIMINATOR: \[u8; \w+\] =\s*\[([^\]]+)\]/g)].map(([, bytes = '']) =>
        hex(bytes.split(',').flatMap((byte) => (byte.trim() === '' ? [] : [Number(byte)]))),
      )
    const instructions = idl.instructions.map(({ name }) =>
      literal(source(`instructions/${name}.rs`)),
    )
    expect(instructions).toEqual(idl.instructions.map(({ discriminator }) => [hex(discriminator)]))
    expect(literal(source('state.rs'))).toEqual(idl.accounts.map((it) => hex(it.discriminator)))
    expect(literal(source('event.rs'))).toEqual(idl.events.map((it) => hex(it.discriminator)))
  })

  test('Anchor.toml names the IDL’s address', () => {
    const toml = readFileSync(new URL('../../Anchor.toml', import.meta.url), 'utf8')
    expect(toml).toContain(`level5_vault = "${idl.address}"`)
  })
})
