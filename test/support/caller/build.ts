/** Builds `caller.so` with the tools of `npm run contract:build`: `npx tsx test/support/caller/build.ts`. */
import { execFileSync } from 'node:child_process'
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CARGO, RUSTC } from '../../../contracts/toolchain.ts'

const HERE = fileURLToPath(new URL('.', import.meta.url))
const LINKER = fileURLToPath(
  new URL('../../../contracts/linker/target/release/vault-linker', import.meta.url),
)
const TARGET = 'bpfel-unknown-none'

execFileSync(CARGO, ['build', '--release', '--locked', '--target', TARGET], {
  cwd: HERE,
  stdio: 'inherit',
  env: {
    ...process.env,
    RUSTC,
    CARGO_TARGET_BPFEL_UNKNOWN_NONE_LINKER: LINKER,
    RUSTFLAGS: '-Cpanic=abort -Crelocation-model=static -Ctarget-cpu=v2',
  },
})
copyFileSync(join(HERE, 'target', TARGET, 'release', 'libcaller.so'), join(HERE, 'caller.so'))
