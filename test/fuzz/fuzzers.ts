/** Every fuzzer there is. */
import { AGENT_SIDE } from './agent.ts'
import { CHAIN } from './chain.ts'
import { FORMAT_FUZZERS } from './formats.ts'
import type { Fuzzer } from './fuzzer.ts'
import { IDENTITY } from './identity.ts'
import { METERING } from './metering.ts'
import { NODES } from './nodes.ts'
import { OPERATOR } from './operator.ts'
import { SESSIONS } from './sessions.ts'

export const FUZZERS: readonly Fuzzer[] = [
  ...IDENTITY,
  ...SESSIONS,
  ...FORMAT_FUZZERS,
  ...METERING,
  ...CHAIN,
  ...NODES,
  ...AGENT_SIDE,
  ...OPERATOR,
]
