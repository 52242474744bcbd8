/** Where a `dev` stack keeps its files: a given folder that stays, or a fresh one that goes. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Keypair } from '@solana/web3.js'
import { readKeyFile } from '../../agent/key.ts'

export interface DataFolder {
  readonly path: string
  /** Removes what must not stay. */
  discard(): void
}

export interface KeyFile {
  readonly path: string
  readonly keypair: Keypair
}

const LEDGER_FILE = /^ledger\./
const OWNER_ONLY = 0o600

/**
 * Opens the folder. A ledger belongs to one chain and each `dev` brings a new one, so that a ledger found in a given
 * folder moves to `earlier/` under the time of the move (Unix milliseconds).
 */
export function openDataFolder(given: string | null, now: number): DataFolder {
  if (given === null) {
    const path = mkdtempSync(join(tmpdir(), 'level5-dev-'))
    return { path, discard: () => rmSync(path, { recursive: true, force: true }) }
  }
  const path = resolve(given)
  mkdirSync(path, { recursive: true })
  const old = readdirSync(path).filter((name) => LEDGER_FILE.test(name))
  if (old.length > 0) {
    const earlier = join(path, 'earlier', String(now))
    mkdirSync(earlier, { recursive: true })
    for (const name of old) renameSync(join(path, name), join(earlier, name))
  }
  return { path, discard: () => {} }
}

/** The key of this name in the folder; made when there is none. */
export function keyFile(folder: string, name: string): KeyFile {
  const path = join(folder, name)
  if (existsSync(path)) return { path, keypair: Keypair.fromSecretKey(readKeyFile(path)) }
  const keypair = Keypair.generate()
  writeFileSync(path, JSON.stringify([...keypair.secretKey]), { mode: OWNER_ONLY })
  return { path, keypair }
}
