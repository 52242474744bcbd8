/**
 * S1: memory stays flat however many streams pass. A built gateway in a process of its own serves streams that complete,
 * are left, are cut and idle; meanwhile its memory is sampled. Then nothing of them may be left: no socket, no hold, no
 * unit. `npm run soak`, `npm run soak -- --streams 1000000`. Ends with 1 where a bound is passed.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type ServedGateway, serveGateway } from '../support/served-gateway.ts'
import { openSession } from '../support/session.ts'
import { type Entry, entriesOf } from './books.ts'
import { type Finding, judge, type Sample } from './judge.ts'
import { sendStreams } from './load.ts'

const HELP = `npm run soak [-- options]
  --streams N   how many streams (default 100000)
  --at-once N   how many of them live at a time (default 64)
`
const PARTS = 5
const AGENTS = 16
const SAMPLE_MS = 250
/** How long what has ended may take to be put away: the connections to a provider are kept for a while. */
const SETTLE_MS = 60_000

async function startProvider() {
  const file = fileURLToPath(new URL('./provider.ts', import.meta.url))
  const child = fork(file, { execArgv: process.execArgv })
  const [port] = (await once(child, 'message')) as [number]
  return { child, url: `http://127.0.0.1:${port}` }
}

async function openTokens({ url, agents }: ServedGateway): Promise<string[]> {
  const opened = agents.map((agent) => openSession(url, agent, { ttl_seconds: 86_400 }))
  return (await Promise.all(opened)).map(({ token }) => token)
}

/** Sends everything in parts, and looks at the memory all the while and between them. */
async function soak(gateway: ServedGateway, streams: number, atOnce: number): Promise<Sample[]> {
  const tokens = await openTokens(gateway)
  const start = performance.now()
  const samples: Sample[] = []
  let done = 0
  for (let part = 0; part < PARTS; part += 1) {
    const rssBytes: number[] = []
    const timer = setInterval(() => {
      rssBytes.push(gateway.rssBytes())
      if (process.stderr.isTTY) progress(done, streams, rssBytes.at(-1) ?? 0, start)
    }, SAMPLE_MS)
    const range = {
      from: Math.floor((streams * part) / PARTS),
      to: Math.floor((streams * (part + 1)) / PARTS),
      atOnce,
    }
    const sent = await sendStreams(gateway, tokens, range, () => {
      done += 1
    })
    clearInterval(timer)
    rssBytes.push(gateway.rssBytes())
    progress(done, streams, rssBytes.at(-1) ?? 0, start)
    const { heapUsed, arrayBuffers } = await gateway.memory()
    samples.push({ ...sent, rssBytes, aliveBytes: heapUsed + arrayBuffers })
  }
  if (process.stderr.isTTY) process.stderr.write('\n')
  return samples
}

/** One line that changes for a person, one for each part in a log. */
function progress(done: number, streams: number, rssBytes: number, start: number): void {
  const seconds = (performance.now() - start) / 1_000
  const rate = (done / seconds).toFixed(0)
  const rss = (rssBytes / 1_048_576).toFixed(0)
  const line = `${done} of ${streams} streams, ${rate} a second, RSS ${rss} MB`
  process.stderr.write(process.stderr.isTTY ? `\r${line}  ` : `${line}\n`)
}

/** Waits for what is over to be put away, and says what is not. */
async function leftovers(gateway: ServedGateway, socketsBefore: number): Promise<Entry> {
  const deadline = performance.now() + SETTLE_MS
  for (;;) {
    const books = await entriesOf(gateway)
    const sockets = gateway.sockets() - socketsBefore
    const isClean = sockets <= 0 && books.holds === 0
    if (isClean || performance.now() > deadline) return { ...books, sockets }
    await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS))
  }
}

async function main(streams: number, atOnce: number): Promise<Finding[]> {
  const provider = await startProvider()
  const gateway = await serveGateway({
    providerUrl: provider.url,
    agents: AGENTS,
    funds: BigInt(streams) * 1_000_000n,
    env: { UPSTREAM_IDLE_TIMEOUT_SECONDS: '2', LOG_LEVEL: 'warn' },
  })
  try {
    const socketsBefore = gateway.sockets()
    const start = performance.now()
    const samples = await soak(gateway, streams, atOnce)
    const seconds = (performance.now() - start) / 1_000
    const left = await leftovers(gateway, socketsBefore)
    return judge({ samples, left, seconds, streams })
  } finally {
    provider.child.kill()
    await gateway.close()
  }
}

const { values } = parseArgs({
  options: {
    streams: { type: 'string', default: '100000' },
    'at-once': { type: 'string', default: '64' },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  process.stdout.write(HELP)
} else {
  const findings = await main(Number(values.streams), Number(values['at-once']))
  for (const { text, isBroken } of findings) {
    process.stdout.write(`${isBroken ? 'BROKEN' : 'ok    '}  ${text}\n`)
  }
  process.exitCode = findings.some(({ isBroken }) => isBroken) ? 1 : 0
}
