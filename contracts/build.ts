/** `npm run contract:build`: builds the vault program and records from what. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { compileProgram } from './compile.ts'
import { CONTRACTS, writeBuild } from './record.ts'
import { compilerVersions, howToInstall, missingPackages } from './toolchain.ts'

const missing = missingPackages()
if (missing.length > 0) {
  console.error(howToInstall(missing))
  process.exit(1)
}
const program = compileProgram(CONTRACTS, join(CONTRACTS, 'vault', 'target'))
const record = writeBuild(CONTRACTS, readFileSync(program), compilerVersions())
console.log(`contracts/vault.so ${record.program_sha256}`)
