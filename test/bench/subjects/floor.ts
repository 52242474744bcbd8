/** The bare floor as a subject: test/bench/floor.ts says what it is. */
import { fileURLToPath } from 'node:url'
import { startPinned } from '../processes.ts'
import { createBenchAgent } from './bench-agent.ts'
import { firstLine, stopChild } from './start.ts'
import { CHAT, type Site, type Subject } from './subject.ts'

const FLOOR = fileURLToPath(new URL('../floor.ts', import.meta.url))

export async function startFloor({ pinning, folder, providerPort }: Site): Promise<Subject> {
  const agent = createBenchAgent()
  const provider = `http://127.0.0.1:${providerPort}`
  const command = [process.execPath, '--import', 'tsx', FLOOR, '0', provider, folder, agent.pubkey]
  const child = startPinned(pinning, 'gateway', command, { stdio: ['ignore', 'pipe', 'inherit'] })
  const { url } = await firstLine<{ url: string }>(child, 'the floor')
  return {
    name: 'floor',
    foreign: false,
    pids: [child.pid ?? 0],
    ports: [Number(new URL(url).port)],
    path: CHAT,
    credential: agent.credential,
    stop: () => stopChild(child),
  }
}
