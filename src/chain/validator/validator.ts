/** The one place that chooses a local validator. Source: chain contract, "Local validators". */
import { startEmbedded } from './embedded.ts'
import type { LocalValidator, ValidatorKind, ValidatorOptions } from './local-validator.ts'
import { startSolanaTestValidator } from './solana-test-validator.ts'

const KINDS: readonly string[] = ['embedded', 'solana-test-validator'] satisfies ValidatorKind[]

/**
 * Which validator is meant: `chosen` (an option or LEVEL5_VALIDATOR), else the embedded one.
 * Throws on any other name.
 */
export function validatorKind(chosen: string | undefined): ValidatorKind {
  const kind = chosen ?? 'embedded'
  if (!KINDS.includes(kind)) {
    throw new Error(`the validator is one of ${KINDS.join(', ')}; found ${kind}`)
  }
  return kind as ValidatorKind
}

/** Starts a chain of its own. Throws when that kind is not to be had here, saying what to use instead. */
export async function startValidator(
  kind: ValidatorKind,
  options: ValidatorOptions,
): Promise<LocalValidator> {
  return kind === 'embedded' ? startEmbedded(options) : startSolanaTestValidator(options)
}
