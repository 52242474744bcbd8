/** Why a hold was not taken, as the agent is told: a refusal and, where money or a signature is missing, how much. */
import { type Refusal, refusal } from '../errors.ts'
import type { Balance, HoldOutcome } from '../ledger/ledger.ts'
import { least, type Units, units, ZERO } from '../money.ts'
import { affordableCap } from '../prices/worst-case.ts'
import type { AdmittedCall } from './admit.ts'
import { type Caller, NONCE_SPENT, SESSION_GONE } from './authenticate.ts'
import type { PaymentNeeded } from './exchange.ts'
import type { AdmissionTerms, HoldParts } from './hold.ts'
import { readRoom } from './room.ts'

export interface HoldRefused {
  readonly kind: 'refused'
  readonly refusal: Refusal
  readonly payment?: PaymentNeeded
}

/** A call for which nothing was held. */
interface RefusedCall {
  readonly caller: Pick<Caller, 'agent' | 'session'>
  readonly call: Pick<AdmittedCall, 'model' | 'plan'>
  /** The worst case that was to be held. */
  readonly amount: Units
}

export async function refuseHold(
  parts: Omit<HoldParts, 'nonces'>,
  refused: RefusedCall,
  outcome: Exclude<HoldOutcome, { kind: 'held' | 'recalled' }>,
): Promise<HoldRefused> {
  const { ledger, admission } = parts
  const { caller, amount } = refused
  switch (outcome.kind) {
    case 'replayed_nonce':
      return because(NONCE_SPENT)
    case 'session_gone':
      return because(SESSION_GONE)
    case 'vault_frozen':
      return because(refusal('forbidden', FROZEN))
    case 'delay_too_short':
      return because(refusal('forbidden', noTime(outcome.delaySeconds, admission)))
    case 'insufficient': {
      const { available, owed } = outcome
      const debt = owed > ZERO ? `, ${owed} are owed` : ''
      const message = `${worst(amount)}, ${available} are available${debt}.`
      const spendable = owed > ZERO ? ZERO : available
      return needs(refused, refusal('insufficient_balance', message), outcome, spendable)
    }
    case 'session_limit': {
      const { remaining } = outcome
      const message = `${worst(amount)}, the session may spend ${remaining}.`
      const books = await ledger.balance(caller.agent)
      const spendable = least(books.available, remaining)
      return needs(refused, refusal('session_limit_reached', message), books, spendable)
    }
    case 'authorization_required': {
      const { needed, signed } = outcome
      const message = `${worst(amount)}: with it ${needed} must be signed for, ${signed} are.`
      const books = await ledger.balance(caller.agent)
      const room = await readRoom(parts, caller)
      const unsigned = needed - amount
      const covered = units(signed > unsigned ? signed - unsigned : 0n)
      const spendable = least(room.spendable, covered)
      const reason = refusal('authorization_required', message)
      return needs(refused, reason, books, spendable, { cumulative: needed, signed })
    }
  }
}

const FROZEN =
  "The issuer of USDC has frozen this agent's deposit address (GET /v1/deposit names it), so calls are not admitted. " +
  'Ask the issuer to thaw it, or call as another agent.'

function noTime(delaySeconds: number, { settleMarginSeconds }: AdmissionTerms): string {
  return (
    `The withdrawal delay of this agent's vault is ${delaySeconds} s, of which the gateway keeps ${settleMarginSeconds} s ` +
    'for settling: no time is left for a call.'
  )
}

function worst(amount: Units): string {
  return `The worst case of this call is ${amount} units`
}

/** `spendable`: what a call could hold now. `shortfall` is what a deposit must bring; 0 where none is needed. */
function needs(
  { caller: { agent }, call: { model, plan }, amount }: RefusedCall,
  reason: Refusal,
  { available, owed }: Pick<Balance, 'available' | 'owed'>,
  spendable: Units,
  authorize?: PaymentNeeded['authorize'],
): HoldRefused {
  const missing = amount > available ? amount - available : 0n
  const payment: PaymentNeeded = {
    agent,
    required: amount,
    available,
    shortfall: units(missing + owed),
    affordableMaxTokens: affordableCap(model, plan.input, plan.output, spendable),
    ...(authorize === undefined ? {} : { authorize }),
  }
  return { kind: 'refused', refusal: reason, payment }
}

function because(reason: Refusal): HoldRefused {
  return { kind: 'refused', refusal: reason }
}
