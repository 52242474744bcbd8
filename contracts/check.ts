/** `npm run contract:check`: fails when the committed program is not built from the committed sources. */
import { CONTRACTS, freshness } from './record.ts'

const state = freshness(CONTRACTS)
if (state.kind === 'stale') {
  for (const reason of state.reasons) console.error(reason)
  console.error('Run npm run contract:build and commit what it writes.')
  process.exit(1)
}
console.log('contracts/vault.so is current')
