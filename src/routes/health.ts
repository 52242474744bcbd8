/** Whether the gateway lives, and whether it should be sent work. */
import type { Hono } from 'hono'
import { refusal } from '../errors.ts'
import { type Env, open } from './context.ts'
import type { RouteParts } from './parts.ts'
import { json, type Reply, refused } from './reply.ts'

/** A stranger's questions make the ledger write at most this often. */
const PROBE_MS = 1_000

export function addHealth(app: Hono<Env>, parts: RouteParts): void {
  const ledgerWrites = ledgerProbe(parts)
  app.get(
    '/health',
    open(() => json({ status: 'ok' })),
  )
  app.get(
    '/ready',
    open(async (): Promise<Reply> => {
      if (!(await ledgerWrites())) {
        return refused(refusal('ledger_unavailable', 'The ledger cannot be written now.'))
      }
      if (parts.chain?.behind() === true) {
        const message = 'The watcher is behind the chain.'
        return refused({ code: 'overloaded', message, retryAfterSeconds: 1 })
      }
      const problem = parts.chain?.problem() ?? null
      return json({ status: 'ready', ...(problem === null ? {} : { problem }) })
    }),
  )
}

/** Writes to the ledger and remembers the outcome for a moment. */
function ledgerProbe({ ledger, path }: RouteParts): () => Promise<boolean> {
  let last: { readonly at: number; readonly written: Promise<boolean> } | null = null
  return () => {
    const at = path.now()
    if (last === null || at - last.at >= PROBE_MS || at < last.at) {
      const written = ledger.probe(at).then(
        () => true,
        () => false,
      )
      last = { at, written }
    }
    return last.written
  }
}
