/** `npm run bench`: what a call costs, against the bare floor of the same run. */
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Driver, type Figures, startScript } from './drive.ts'
import { choosePinning } from './processes.ts'
import { ratios, spread } from './statistics.ts'
import { startFloor } from './subjects/floor.ts'
import { startLevel5 } from './subjects/level5.ts'
import { chatBody } from './workload.ts'

const ROUNDS = 5
const LOAD = { body: chatBody({ bytes: 1000, answer: 'whole' }), connections: 64, requests: 800 }

build()
const pinning = choosePinning()
const folder = mkdtempSync(join(tmpdir(), 'level5-bench-'))
const provider = startScript(pinning, 'provider.ts')
const [providerPort] = (await once(provider, 'message')) as [number]
const site = { pinning, folder, providerPort }
const driver = await Driver.start(pinning)
const floor = await startFloor(site)
const level5 = await startLevel5(site)
const subjects = [floor, level5.signed, level5.session]
try {
  const rounds: Figures[][] = subjects.map(() => [])
  for (let round = -1; round < ROUNDS; round += 1) {
    for (const [index, subject] of subjects.entries()) {
      const figures = await driver.measure(subject, LOAD)
      if (round >= 0) rounds[index]?.push(figures)
    }
  }
  const base = (rounds[0] ?? []).map((figures) => figures.cpuMicrosPerRequest)
  process.stdout.write(
    '                  CPU/request vs floor   µs CPU  requests/s  median ms  p99 ms  RSS MB\n',
  )
  for (const [index, { name }] of subjects.entries()) {
    const figures = rounds[index] ?? []
    const of = (key: keyof Figures) => spread(figures.map((each) => each[key])).median
    const ratio = ratios(
      figures.map((each) => each.cpuMicrosPerRequest),
      base,
    )
    process.stdout.write(
      `${name.padEnd(16)}  ${ratio.median.toFixed(2)}× (${ratio.least.toFixed(2)} to ${ratio.most.toFixed(2)})`.padEnd(
        40,
      ) +
        `${of('cpuMicrosPerRequest').toFixed(0).padStart(7)}` +
        `${of('requestsPerSecond').toFixed(0).padStart(12)}` +
        `${of('latencyMsMedian').toFixed(2).padStart(11)}` +
        `${of('latencyMsP99').toFixed(2).padStart(8)}` +
        `${(of('residentBytes') / 1e6).toFixed(0).padStart(8)}\n`,
    )
  }
} finally {
  driver.stop()
  provider.disconnect()
  await Promise.all([floor.stop(), level5.signed.stop()])
  rmSync(folder, { recursive: true })
}

/** Measures what is in the checkout, not what was built last. */
function build(): void {
  const tsc = ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json']
  const { status } = spawnSync(process.execPath, tsc, { stdio: ['ignore', 'inherit', 'inherit'] })
  if (status !== 0) process.stderr.write('The build reports errors: what it made is measured.\n')
}
