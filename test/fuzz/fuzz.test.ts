import { describe, expect, test } from 'vitest'
import { FUZZERS } from './fuzzers.ts'

/** The same inputs in each run of the suite; `npm run fuzz` takes others. */
const SEED = 20_261_121
const RUNS = 200
const FLOOD_BYTES = 100_000

describe(`S3: whatever comes is taken or refused as documented (seed ${SEED})`, () => {
  test.each(FUZZERS.map((fuzzer) => [fuzzer.name, fuzzer] as const))('%s', async (_, fuzzer) => {
    await expect(fuzzer.run(RUNS, SEED)).resolves.toBeUndefined()
  })
})

describe('S3: work grows with the length of its input, no faster', () => {
  test.each(FUZZERS.map((fuzzer) => [fuzzer.name, fuzzer] as const))('%s', async (_, fuzzer) => {
    await expect(fuzzer.flood(FLOOD_BYTES)).resolves.toBeUndefined()
  })
})
