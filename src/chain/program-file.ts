/** Where the built vault program and its IDL lie, from the sources and from the built package alike. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Idl } from '@coral-xyz/anchor'

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

let idl: Idl | undefined

/** The vault program's IDL (spec 0.1.0); `address` is the id that local chains deploy it at. */
export function vaultIdl(): Idl {
  idl ??= JSON.parse(readFileSync(join(contractsFolder(), 'idl.json'), 'utf8')) as Idl
  return idl
}
