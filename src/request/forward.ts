/**
 * Step 4: asks the provider, once, and maps what it answers. Source: wire contract, "What the provider answers".
 */
import { type ErrorCode, type Refusal, refusal } from '../errors.ts'
import type {
  Provider,
  UpstreamAnswer,
  UpstreamBody,
  UpstreamRequest,
} from '../providers/provider.ts'
import { collect } from './collect.ts'

/** Errors of a provider are small; one beyond this is not passed on. */
const ERROR_BYTES_MAX = 1_048_576
/** Told where an overloaded provider names no time itself. */
const RETRY_AFTER_SECONDS = 5

export type Forwarded =
  | {
      readonly kind: 'answered'
      readonly status: number
      readonly contentType: string
      readonly body: UpstreamBody
    }
  /** An answer to the agent's own mistake: passed on as it is. */
  | {
      readonly kind: 'rejected'
      readonly status: number
      readonly contentType: string
      readonly bytes: Uint8Array
    }
  | { readonly kind: 'refused'; readonly refusal: Refusal; readonly detail: string }
  /** Nobody waits any more; `sent`: whether the provider may have seen the request. */
  | { readonly kind: 'abandoned'; readonly sent: boolean }

/** Sends once. `now` (Unix milliseconds) reads a `Retry-After` that is a date. */
export async function forward(
  provider: Provider,
  request: UpstreamRequest,
  now: () => number,
): Promise<Forwarded> {
  const answer = await provider.send(request)
  switch (answer.kind) {
    case 'aborted':
      return { kind: 'abandoned', sent: answer.sent }
    case 'timed_out':
      return timedOut()
    case 'unreachable':
      return refused('upstream_error', 'The provider could not be reached.', answer.detail)
    case 'answered':
      return readAnswer(answer, now)
  }
}

type Answered = Extract<UpstreamAnswer, { kind: 'answered' }>

async function readAnswer(answer: Answered, now: () => number): Promise<Forwarded> {
  const { status, body } = answer
  const contentType = answer.header('content-type') ?? 'application/json'
  if (status >= 200 && status < 300 && isIdentity(answer)) {
    return { kind: 'answered', status, contentType, body }
  }
  if (status === 400 || status === 404 || status === 413 || status === 422) {
    return isIdentity(answer) ? rejected(answer, contentType) : abandon(answer)
  }
  if (status === 429 || status === 529) {
    body.cancel()
    const retryAfterSeconds = retryAfter(answer.header('retry-after'), now())
    const message = 'The provider is overloaded.'
    const detail = `status ${status}`
    return { kind: 'refused', refusal: { code: 'overloaded', message, retryAfterSeconds }, detail }
  }
  return abandon(answer)
}

/** 401 and 403 (the operator's key), 5xx, and whatever a provider has no business answering. */
function abandon(answer: Answered): Forwarded {
  answer.body.cancel()
  return refused('upstream_error', 'The provider failed.', `status ${answer.status}`)
}

async function rejected({ status, body }: Answered, contentType: string): Promise<Forwarded> {
  const collected = await collect(body, ERROR_BYTES_MAX)
  switch (collected.kind) {
    case 'whole':
      return { kind: 'rejected', status, contentType, bytes: collected.bytes }
    case 'stalled':
      return timedOut()
    case 'aborted':
      return { kind: 'abandoned', sent: true }
    case 'broken':
    case 'too_large':
      return refused('upstream_error', 'The provider failed.', `status ${status}, no whole body`)
  }
}

/** An answer that was compressed though nobody asked for it can't be read. */
function isIdentity(answer: Answered): boolean {
  const encoding = answer.header('content-encoding')
  return encoding === undefined || encoding === '' || encoding.toLowerCase() === 'identity'
}

/** Whole seconds from a `Retry-After` of seconds or a date. */
function retryAfter(header: string | undefined, now: number): number {
  if (header === undefined) return RETRY_AFTER_SECONDS
  if (/^\d{1,6}$/.test(header)) return Number(header)
  const date = Date.parse(header)
  return Number.isNaN(date) ? RETRY_AFTER_SECONDS : Math.max(0, Math.ceil((date - now) / 1000))
}

function timedOut(): Forwarded {
  return refused('upstream_timeout', 'The provider did not answer in time.', 'timeout')
}

function refused(code: ErrorCode, message: string, detail: string): Forwarded {
  return { kind: 'refused', refusal: refusal(code, message), detail }
}
