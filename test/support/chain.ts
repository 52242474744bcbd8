/** Chains for tests: the validator that LEVEL5_VALIDATOR names, with slots short enough for a suite. */
import type { GenesisProgram, LocalValidator } from '../../src/chain/validator/local-validator.ts'
import { startValidator, validatorKind } from '../../src/chain/validator/validator.ts'

/** On the embedded validator a transaction is final after 31 of these. */
const TEST_SLOT_MS = 20

/** Starts the validator that this run is about, with these programs on it. */
export function startTestValidator(programs: readonly GenesisProgram[]): Promise<LocalValidator> {
  return startValidator(validatorKind(process.env['LEVEL5_VALIDATOR']), {
    programs,
    slotTimeMs: TEST_SLOT_MS,
  })
}
