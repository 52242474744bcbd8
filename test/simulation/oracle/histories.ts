/** At the end of a world: what any agent can check for itself, and what the product's own audit says. */
import type { World } from '../world.ts'
import { must } from './violation.ts'

export async function checkHistories(world: World): Promise<void> {
  const [process] = world.lives.running
  if (process === undefined) return
  const audit = await process.ledger.audit()
  must(audit === null, 'L1', () => `the audit finds ${audit}`)
  const integrity = world.disk.observer.pragma('integrity_check', { simple: true })
  must(integrity === 'ok', 'L8', () => `the file is damaged: ${integrity}`)
}
