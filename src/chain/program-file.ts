/** Where the built vault program and its IDL lie, from the sources and from the built package alike. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The types that the vault program's IDL uses. */
type FieldType = 'pubkey' | 'u64' | 'i64' | 'u8' | 'string'

export interface Field {
  readonly name: string
  readonly type: FieldType
}

interface Discriminated {
  readonly name: string
  readonly discriminator: readonly number[]
}

/** The parts of an Anchor IDL (spec 0.1.0) that are read here. */
export interface VaultIdl {
  /** The program id that local chains deploy it at. */
  readonly address: string
  readonly instructions: readonly (Discriminated & {
    readonly accounts: readonly {
      readonly name: string
      readonly signer?: boolean
      readonly writable?: boolean
    }[]
    readonly args: readonly Field[]
  })[]
  readonly accounts: readonly Discriminated[]
  readonly events: readonly Discriminated[]
  readonly errors: readonly {
    readonly code: number
    readonly name: string
    readonly msg: string
  }[]
  readonly types: readonly {
    readonly name: string
    readonly type: { readonly fields: readonly Field[] }
  }[]
}

const HERE = dirname(fileURLToPath(import.meta.url))

/** The folder `contracts` of this package: beside `src`, whether this file runs from `src` or from `dist/src`. */
function contractsFolder(): string {
  for (let folder = HERE; ; folder = dirname(folder)) {
    const contracts = join(folder, 'contracts')
    if (existsSync(join(contracts, 'idl.json'))) return contracts
    if (dirname(folder) === folder) throw new Error(`no contracts/idl.json above ${HERE}`)
  }
}

/** The vault program's SBPF file: `override` (LEVEL5_VAULT_SO) where given, else the committed one. Throws when absent. */
export function vaultProgramPath(override?: string): string {
  const path = override ?? join(contractsFolder(), 'vault.so')
  if (!existsSync(path)) throw new Error(`the vault program is not at ${path}`)
  return path
}

let idl: VaultIdl | undefined

/** The vault program's IDL, as committed. */
export function vaultIdl(): VaultIdl {
  idl ??= JSON.parse(readFileSync(join(contractsFolder(), 'idl.json'), 'utf8')) as VaultIdl
  return idl
}
