import { expect } from 'vitest'
import { STRAIGHT } from '../../support/watch-modes.ts'
import { Depositor } from '../../support/watched-gateway.ts'
import { useWatchedSite } from '../../support/watched-site.ts'
import { untilCredited } from '../../support/watching.ts'

const test = useWatchedSite()(STRAIGHT)

test('C7: the first start reads from the gateway’s creation, and says how far it has come', async ({
  site,
}) => {
  const { network, ledger, log } = site
  const one = await Depositor.open(network, 1_000n)
  const amounts = Array.from({ length: 70 }, (_, index) => BigInt(index + 1))
  for (let start = 0; start < amounts.length; start += 10) {
    await Promise.all(amounts.slice(start, start + 10).map((amount) => one.deposit(amount)))
  }
  await site.untilFinal(one)
  const watcher = site.watch()
  await untilCredited(ledger, [one], () => watcher.status())
  // The gateway's creation, the vault's opening and the deposits; 64 are read between two moves of the cursor.
  const progress = log.lines.filter(({ message }) => message === 'reading the history')
  expect(progress.map(({ fields }) => fields)).toEqual([
    { done: 64, total: 72 },
    { done: 72, total: 72 },
  ])
})
