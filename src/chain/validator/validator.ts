/** The one place that chooses a local validator. Source: chain contract, "Local validators". */
import { startEmbedded } from './embedded.ts'
import {
  type LocalValidator,
  VALIDATOR_KINDS,
  type ValidatorKind,
  type ValidatorOptions,
} from './local-validator.ts'
import { startSolanaTestValidator } from './solana-test-validator.ts'

/**
 * Which validator is meant: `chosen` (an option or LEVEL5_VALIDATOR), else the embedded one.
 * Throws on any other name.
 */
export function validatorKind(chosen: string | undefined): ValidatorKind {
  const name = chosen ?? 'embedded'
  const kind = VALIDATOR_KINDS.find((known) => known === name)
  if (kind === undefined) {
    throw new Error(`the validator is one of ${VALIDATOR_KINDS.join(', ')}; found ${name}`)
  }
  return kind
}

/** Starts a chain of its own. Throws when that kind is not to be had here, saying what to use instead. */
export async function startValidator(
  kind: ValidatorKind,
  options: ValidatorOptions,
): Promise<LocalValidator> {
  return kind === 'embedded' ? startEmbedded(options) : startSolanaTestValidator(options)
}
