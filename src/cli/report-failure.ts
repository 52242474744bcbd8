/** How a command fails: what is printed, and the exit code. */
import { CommanderError } from 'commander'
import { Level5Error } from '../agent/level5-error.ts'

/** The command was given something that it does not take; exits 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

const FAILURE = 1
const WRONG_USAGE = 2

/** Prints the failure (with `json` also as a document on stdout) and returns the exit code. */
export function reportFailure(error: unknown, json: boolean): number {
  if (error instanceof CommanderError) {
    // Commander has printed already. Help and version that were asked for end with 0.
    return error.exitCode === 0 ? 0 : WRONG_USAGE
  }
  const document = failureDocument(error)
  if (json) process.stdout.write(`${JSON.stringify({ error: document })}\n`)
  process.stderr.write(`level5: ${document.message}\n`)
  return document.code === 'wrong_usage' || document.code === 'invalid_option'
    ? WRONG_USAGE
    : FAILURE
}

interface FailureDocument {
  readonly code: string
  readonly message: string
  readonly status?: number
  readonly payment?: object
  readonly request_id?: string
}

function failureDocument(error: unknown): FailureDocument {
  if (error instanceof UsageError) return { code: 'wrong_usage', message: error.message }
  if (!(error instanceof Level5Error)) {
    return { code: 'failed', message: error instanceof Error ? error.message : String(error) }
  }
  const { code, message, status, payment, requestId } = error
  return {
    code,
    message,
    ...(status === null ? {} : { status }),
    ...(payment === null ? {} : { payment }),
    ...(requestId === null ? {} : { request_id: requestId }),
  }
}
