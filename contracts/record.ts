/** The build record: which sources and which compiler made the committed program. */
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { sha256Hex, sourcesSha256 } from './sources.ts'

/** The folder `contracts` of this project. */
export const CONTRACTS = dirname(fileURLToPath(import.meta.url))
const PROGRAM = 'vault.so'
const RECORD = 'build.json'

const recordSchema = z.strictObject({
  program_sha256: z.string(),
  sources_sha256: z.string(),
  rustc: z.string(),
  llvm: z.string(),
})

export type BuildRecord = z.infer<typeof recordSchema>
export type Compiler = Pick<BuildRecord, 'rustc' | 'llvm'>
export type Freshness = { kind: 'current' } | { kind: 'stale'; reasons: string[] }

export function programFile(folder: string): string {
  return join(folder, PROGRAM)
}

/** Reads `build.json`. Throws when it is missing or not a record. */
export function readRecord(folder: string): BuildRecord {
  return recordSchema.parse(JSON.parse(readFileSync(join(folder, RECORD), 'utf8')))
}

/** Writes the program and the record of how it came about. */
export function writeBuild(folder: string, program: Uint8Array, compiler: Compiler): BuildRecord {
  const record: BuildRecord = {
    program_sha256: sha256Hex(program),
    sources_sha256: sourcesSha256(folder),
    ...compiler,
  }
  writeFileSync(programFile(folder), program)
  writeFileSync(join(folder, RECORD), `${JSON.stringify(record, null, 2)}\n`)
  return record
}

/** Whether the committed program is the one that the record names, built from the sources as they are now. */
export function freshness(folder: string): Freshness {
  const record = readRecord(folder)
  const reasons: string[] = []
  if (sourcesSha256(folder) !== record.sources_sha256) {
    reasons.push(`the sources have changed since ${PROGRAM} was built`)
  }
  if (sha256Hex(readFileSync(programFile(folder))) !== record.program_sha256) {
    reasons.push(`${PROGRAM} is not the file that ${RECORD} names`)
  }
  return reasons.length === 0 ? { kind: 'current' } : { kind: 'stale', reasons }
}
