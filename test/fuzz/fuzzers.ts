/** Every fuzzer there is. */
import { FORMAT_FUZZERS } from './formats.ts'
import type { Fuzzer } from './fuzzer.ts'
import { IDENTITY } from './identity.ts'
import { METERING } from './metering.ts'
import { SESSIONS } from './sessions.ts'

export const FUZZERS: readonly Fuzzer[] = [...IDENTITY, ...SESSIONS, ...FORMAT_FUZZERS, ...METERING]
