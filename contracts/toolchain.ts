/** The Debian packages that build the program where Solana's own tools cannot be had. */
import { spawnSync } from 'node:child_process'
import type { Compiler } from './record.ts'
import { output } from './run.ts'

const PACKAGES = [
  'rustc-web',
  'cargo-web',
  'libstd-rust-web-dev-bpf',
  'llvm-22-dev',
  'libpolly-22-dev',
  'zlib1g-dev',
  'libzstd-dev',
  'libxml2-dev',
]

/** By full path: a rustup on the PATH has neither the BPF core nor this LLVM. */
export const RUSTC = '/usr/bin/rustc'
export const CARGO = '/usr/bin/cargo'
export const LLVM_PREFIX = '/usr/lib/llvm-22'

/** The packages that are not installed; all of them where there is no dpkg to ask. */
export function missingPackages(): string[] {
  return PACKAGES.filter((name) => {
    const asked = spawnSync('dpkg', ['--status', name], { encoding: 'utf8' })
    return !asked.stdout?.includes('Status: install ok installed')
  })
}

/** What to do about missing packages, in words to print. */
export function howToInstall(missing: readonly string[]): string {
  return [
    `The vault program cannot be built here: ${missing.join(', ')} missing.`,
    'On Debian 12 or newer, as root:',
    `  apt-get update && apt-get install -y ${missing.join(' ')}`,
    "Or, with Solana's tools: cargo build-sbf --manifest-path contracts/vault/Cargo.toml",
  ].join('\n')
}

/** Versions on which the program's bytes depend. */
export function compilerVersions(): Compiler {
  return {
    rustc: output(RUSTC, ['--version']),
    llvm: output(`${LLVM_PREFIX}/bin/llvm-config`, ['--version']),
  }
}
