/** What the operator may see; off without `ADMIN_TOKEN`. */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { Hono } from 'hono'
import { refusal } from '../errors.ts'
import { type Env, open } from './context.ts'
import type { RouteParts } from './parts.ts'
import { json, type Reply, refused } from './reply.ts'

export function addAdmin(app: Hono<Env>, parts: RouteParts): void {
  const { adminToken } = parts
  if (adminToken === null) return
  app.get(
    '/admin/status',
    open(async (context): Promise<Reply> => {
      const given = /^Bearer (.+)$/i.exec(context.req.header('authorization') ?? '')?.[1]
      if (given === undefined) {
        return refused(refusal('missing_credentials', 'The admin routes take a bearer token.'))
      }
      if (!equal(given, adminToken)) {
        return refused(refusal('forbidden', 'This is not the admin token.'))
      }
      return json(await status(parts))
    }),
  )
}

/** Sums nothing and reads a row a vault: what it costs does not grow with the calls. */
async function status({ ledger, chain, path, live, audited }: RouteParts): Promise<object> {
  const { conservation, ...audit } = audited()
  const cursor = await ledger.cursor()
  const vaults = await ledger.vaults()
  return {
    conservation,
    audit,
    calls_live: live.count,
    commits: ledger.commits,
    price_version: path.prices().version,
    watcher: chain === null ? 'in another process' : chain.status(),
    cursor,
    vaults: vaults.length,
    stopped_vaults: vaults
      .filter(({ stopped }) => stopped !== null)
      .map(({ vault, agent, stopped }) => ({ vault, agent, reason: stopped })),
    quarantined: (await ledger.quarantined()).map(({ at, ...item }) => ({
      ...item,
      at: new Date(at).toISOString(),
    })),
  }
}

/** Compares in constant time, whatever the lengths. */
function equal(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(expected))
}
