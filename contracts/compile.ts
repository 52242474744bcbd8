/** The recipe: the linker first, then the program with it, so that two machines give the same bytes. */
import { existsSync, readdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { run } from './run.ts'
import { CARGO, LLVM_PREFIX, RUSTC } from './toolchain.ts'

const TARGET = 'bpfel-unknown-none'
const FLAGS = ['-Cpanic=abort', '-Crelocation-model=static', '-Ctarget-cpu=v2']
/** Between the parts of CARGO_ENCODED_RUSTFLAGS, which may hold spaces. */
const UNIT_SEPARATOR = '\u001f'

/**
 * Compiles the program of `folder` (the folder `contracts`) into `targetFolder` and returns the path of the `.so`.
 * The linker is built beside its sources and kept: minutes the first time, nothing after that. Throws when a tool fails.
 */
export function compileProgram(folder: string, targetFolder: string): string {
  const linker = compileLinker(join(folder, 'linker'))
  const vault = join(folder, 'vault')
  const environment = cleanEnvironment()
  run(CARGO, ['fetch', '--locked', '--target', TARGET], vault, environment)
  run(CARGO, ['build', '--release', '--locked', '--offline', '--target', TARGET], vault, {
    ...environment,
    CARGO_TARGET_DIR: targetFolder,
    CARGO_TARGET_BPFEL_UNKNOWN_NONE_LINKER: linker,
    CARGO_ENCODED_RUSTFLAGS: [...FLAGS, ...remappedPaths(vault)].join(UNIT_SEPARATOR),
  })
  return join(targetFolder, TARGET, 'release', 'liblevel5_vault.so')
}

function compileLinker(crate: string): string {
  const targetFolder = join(crate, 'target')
  run(CARGO, ['build', '--release', '--locked'], crate, {
    ...cleanEnvironment(),
    CARGO_TARGET_DIR: targetFolder,
    LLVM_PREFIX,
    PATH: `${LLVM_PREFIX}/bin:${process.env['PATH'] ?? ''}`,
  })
  return join(targetFolder, 'release', 'vault-linker')
}

/** This machine's environment without what would bend the compiler. */
function cleanEnvironment(): Record<string, string> {
  const bending = /^(RUST|CARGO_(BUILD|ENCODED|PROFILE|TARGET|INCREMENTAL))/
  const kept = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !bending.test(entry[0]),
  )
  return { ...Object.fromEntries(kept), RUSTC }
}

/** Panic messages carry source paths: those of the dependencies become `/deps`, ours `/vault`. */
function remappedPaths(vault: string): string[] {
  const cargoHome = process.env['CARGO_HOME'] ?? join(homedir(), '.cargo')
  const registries = join(cargoHome, 'registry', 'src')
  const dependencies = existsSync(registries) ? readdirSync(registries) : []
  return [
    `--remap-path-prefix=${vault}=/vault`,
    ...dependencies.map((name) => `--remap-path-prefix=${join(registries, name)}=/deps`),
  ]
}
