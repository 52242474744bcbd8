/** Starting what listens, and knowing when it does. */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, openSync, readFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { startPinned } from '../processes.ts'
import { chatBody } from '../workload.ts'
import { CHAT, type Site, type Subject } from './subject.ts'

/** The first line that a process prints, as JSON. Rejects when it ends before. */
export async function firstLine<T>(child: ChildProcess, name: string): Promise<T> {
  if (child.stdout === null) throw new Error('its output is not read')
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`${name} ended with ${code} before it listened`)
  })
  ended.catch(() => {})
  const line = once(createInterface({ input: child.stdout }), 'line').then(([text]) => String(text))
  return JSON.parse(await Promise.race([line, ended])) as T
}

export async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill()
  await once(child, 'exit')
}

/** A port that nobody has. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

interface Peer {
  readonly name: Subject['name']
  readonly command: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly port: number
  readonly path?: string
  readonly headers: Readonly<Record<string, string>>
}

/** Starts a peer in a folder of its own, its output in a log there; resolves once it answers a call. */
export async function startPeer(site: Site, peer: Peer): Promise<Subject> {
  const { name, port, headers, path = CHAT } = peer
  const cwd = join(site.folder, `${name} at work`)
  mkdirSync(cwd, { recursive: true })
  const log = join(cwd, 'log')
  const file = openSync(log, 'a')
  const child = startPinned(site.pinning, 'gateway', peer.command, {
    cwd,
    stdio: ['ignore', file, file],
    env: { PATH: process.env['PATH'], HOME: cwd, ...peer.env },
  })
  const subject: Subject = {
    name,
    foreign: true,
    pids: [child.pid ?? 0],
    ports: [port],
    path,
    credential: { kind: 'headers', headers },
    stop: () => stopChild(child),
  }
  try {
    await answers(child, `http://127.0.0.1:${port}${path}`, headers)
  } catch (error) {
    await subject.stop()
    throw new Error(`${(error as Error).message}\n${readFileSync(log, 'utf8').slice(-2_000)}`)
  }
  return subject
}

const ANSWER_MS_MAX = 300_000
const BETWEEN_TRIES_MS = 500

async function answers(
  child: ChildProcess,
  url: string,
  headers: Readonly<Record<string, string>>,
): Promise<void> {
  const body = chatBody({ bytes: 100, answer: 'whole' })
  const deadline = performance.now() + ANSWER_MS_MAX
  for (;;) {
    const said = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
    }).then(
      async (response) => (response.ok ? null : `${response.status} ${await response.text()}`),
      (error: Error) => error.message,
    )
    if (said === null) return
    if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}`)
    if (performance.now() > deadline) throw new Error(`does not answer: ${said}`)
    await new Promise((resolve) => setTimeout(resolve, BETWEEN_TRIES_MS))
  }
}
