/** Session tokens: shown once, known afterwards only by their hash. Source: wire contract, "Sessions"; property A3. */
import { hash } from 'node:crypto'

/** Makes the token `l5_…` of 32 random bytes. */
export function sessionToken(random: Uint8Array): string {
  if (random.length !== 32) throw new RangeError('a session token takes 32 random bytes')
  return `l5_${Buffer.from(random).toString('base64url')}`
}

/** What the ledger stores of a token, and looks it up by: SHA-256 in hex. */
export function tokenSha256(token: string): string {
  return hash('sha256', token, 'hex')
}
