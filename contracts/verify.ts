/**
 * `npm run contract:verify`: builds the program again and compares it with the committed one, byte for byte.
 *
 * Exit code 0: the same bytes. 1: other bytes from the same compiler, or no build. 3: another compiler than the
 * recorded one, so the bytes say nothing; the program tests then run on the new file, with LEVEL5_VAULT_SO.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { compileProgram } from './compile.ts'
import { CONTRACTS, programFile, readRecord } from './record.ts'
import { compilerVersions, howToInstall, missingPackages } from './toolchain.ts'

const REBUILT = join(CONTRACTS, 'vault', 'target', 'rebuilt.so')
const NOT_COMPARABLE = 3

function rebuild(): Buffer {
  const targetFolder = mkdtempSync(join(tmpdir(), 'level5-vault-'))
  try {
    return readFileSync(compileProgram(CONTRACTS, targetFolder))
  } finally {
    rmSync(targetFolder, { recursive: true })
  }
}

function verify(): number {
  const rebuilt = rebuild()
  const committed = readFileSync(programFile(CONTRACTS))
  if (rebuilt.equals(committed)) {
    console.log('contracts/vault.so is what its sources give')
    return 0
  }
  const record = readRecord(CONTRACTS)
  const here = compilerVersions()
  mkdirSync(dirname(REBUILT), { recursive: true })
  writeFileSync(REBUILT, rebuilt)
  if (here.rustc === record.rustc && here.llvm === record.llvm) {
    console.error(`contracts/vault.so is not what its sources give: compare ${REBUILT}`)
    return 1
  }
  console.log(`contracts/vault.so was built by ${record.rustc}, LLVM ${record.llvm};`)
  console.log(`here is ${here.rustc}, LLVM ${here.llvm}: the bytes cannot be compared.`)
  console.log(`Test the new program: LEVEL5_VAULT_SO=${REBUILT} npm test -- test/chain/program`)
  return NOT_COMPARABLE
}

const missing = missingPackages()
if (missing.length > 0) {
  console.error(howToInstall(missing))
  process.exitCode = 1
} else {
  process.exitCode = verify()
}
