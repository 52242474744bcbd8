/** The secret behind session challenges: kept beside the ledger, so that gateways that share one read each other's. */
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const SECRET_BYTES = 32
const OWNER_ONLY = 0o600

/**
 * Reads the secret of a data folder, making it where there is none. Whoever links its file first wins, so that
 * processes that start at once agree. Throws when the file is not a secret of 32 bytes.
 */
export function challengeSecret(
  dataDir: string,
  random: (bytes: number) => Uint8Array,
): Uint8Array {
  const path = join(dataDir, 'challenge-secret')
  const draft = `${path}.${Buffer.from(random(8)).toString('hex')}`
  writeFileSync(draft, random(SECRET_BYTES), { mode: OWNER_ONLY })
  try {
    linkSync(draft, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    rmSync(draft)
  }
  const secret = readFileSync(path)
  if (secret.length !== SECRET_BYTES) {
    throw new Error(
      `${path} is not a secret of ${SECRET_BYTES} bytes: remove it, a new one is made`,
    )
  }
  return secret
}
