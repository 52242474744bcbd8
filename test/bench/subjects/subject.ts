/** What is measured: a running gateway, and how it is asked. */

import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Pinning } from '../processes.ts'
import type { Credential } from '../request-heads.ts'

export interface Subject {
  readonly name: string
  /** Whose CPU counts; their children count with them. */
  readonly pids: readonly number[]
  readonly ports: readonly number[]
  readonly path: string
  readonly credential: Credential
  stop(): Promise<void>
}

/** Where a subject runs, and what it is pointed at. */
export interface Site {
  readonly pinning: Pinning
  /** For files; gone after the run. */
  readonly folder: string
  readonly providerPort: number
}

/** The first line that a process prints, as JSON. Rejects when it ends before. */
export async function firstLine(child: ChildProcess, name: string): Promise<{ url: string }> {
  if (child.stdout === null) throw new Error('its output is not read')
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`${name} ended with ${code} before it listened`)
  })
  ended.catch(() => {})
  const lines = createInterface({ input: child.stdout })
  const line = once(lines, 'line').then(([text]) => String(text))
  return JSON.parse(await Promise.race([line, ended])) as { url: string }
}

export async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill()
  await once(child, 'exit')
}
