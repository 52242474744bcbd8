/** What the program is built from, as one hash: sources, manifests, lock files, and the flags they are compiled with. */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'

/** Of each crate; everything else in it (target, editor files) has no influence on the program. */
const CRATE_PARTS = ['Cargo.lock', 'Cargo.toml', 'src']
const CRATES = ['linker', 'vault']
/** Holds the compiler's flags. */
const RECIPE = 'compile.ts'

/** Lower-case hex SHA-256. */
export function sha256Hex(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/**
 * The SHA-256 over name and SHA-256 of every source file under `folder` (the folder `contracts`), names sorted and
 * written with `/`, so that it is the same on every machine. Throws when a part is missing.
 */
export function sourcesSha256(folder: string): string {
  const parts = CRATES.flatMap((crate) => CRATE_PARTS.map((part) => join(folder, crate, part)))
  const files = [join(folder, RECIPE), ...parts.flatMap(filesUnder)]
  const lines = files.map((file) => {
    const name = relative(folder, file).split(sep).join('/')
    return `${name} ${sha256Hex(readFileSync(file))}\n`
  })
  return sha256Hex(lines.sort().join(''))
}

function filesUnder(path: string): string[] {
  if (!path.endsWith('src')) return [path]
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}
