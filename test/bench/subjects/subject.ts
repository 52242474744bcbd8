/** What is measured: a running gateway, and how it is asked. */
import type { SubjectName } from '../plan.ts'
import type { Pinning } from '../processes.ts'
import type { Credential } from '../request-heads.ts'

export interface Subject {
  readonly name: SubjectName
  /** A peer: where it fails, the run goes on without it. */
  readonly foreign: boolean
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

export const CHAT = '/v1/chat/completions'
