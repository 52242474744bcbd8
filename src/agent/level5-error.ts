/** The one error that the agent's side throws: a refusal of the gateway, or of the agent itself. */
import type { ErrorCode } from '../errors.ts'
import type { Payment } from './wire.ts'

/**
 * What the agent's side refuses by itself:
 * `invalid_option` (what it was configured or asked with), `wrong_origin` (asked to sign for another host), `untrusted_answer` (the gateway
 * named other terms than the pinned ones), `unpinned` (a deposit on a public chain without pins), `unreachable` (no
 * answer), `unexpected_answer` (not this API), `deposit_failed` (the chain refused it), `withdrawal_failed` (the same of
 * withdrawing and leaving), `timeout` (sent, not seen in time).
 */
export type AgentErrorCode =
  | 'invalid_option'
  | 'wrong_origin'
  | 'untrusted_answer'
  | 'unpinned'
  | 'unreachable'
  | 'unexpected_answer'
  | 'deposit_failed'
  | 'withdrawal_failed'
  | 'timeout'

export class Level5Error extends Error {
  override readonly name = 'Level5Error'
  readonly code: ErrorCode | AgentErrorCode
  /** The HTTP status of the answer; null where the agent's side refused. */
  readonly status: number | null
  /** What a 402 asks for, checked against the pins. */
  readonly payment: Payment | null
  readonly requestId: string | null

  constructor(
    code: ErrorCode | AgentErrorCode,
    message: string,
    answer: {
      readonly status?: number
      readonly payment?: Payment
      readonly requestId?: string | null
      readonly cause?: unknown
    } = {},
  ) {
    super(message, { cause: answer.cause })
    this.code = code
    this.status = answer.status ?? null
    this.payment = answer.payment ?? null
    this.requestId = answer.requestId ?? null
  }
}
