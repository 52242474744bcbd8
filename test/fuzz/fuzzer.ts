/** What a fuzzer is, and what every parser is held to: it refuses as it says it does, and leaves all else as it was. */
import { isDeepStrictEqual } from 'node:util'
import { createContext, Script } from 'node:vm'
import fc from 'fast-check'

/** Input that is not ours, and the parsers that eat it. */
export interface Fuzzing<Input> {
  readonly name: string
  /** `file#function` of everything that it feeds. */
  readonly feeds: readonly string[]
  readonly input: fc.Arbitrary<Input>
  /** Hands it over, and throws where a parser broke its word. */
  feed(input: Input): void | Promise<void>
  /** Inputs of this many bytes or characters on which only linear work ends. */
  readonly floods?: (bytes: number) => Iterable<Input>
  /** How much dearer a run is than most: so many fewer are made. */
  readonly cost?: number
}

export interface Fuzzer extends Pick<Fuzzing<never>, 'name' | 'feeds'> {
  /** Runs of the share that a budget of runs gives it. Rejects with the input that broke a parser, and the seed. */
  run(runs: number, seed: number): Promise<void>
  /** Feeds the floods; rejects where one takes longer than any linear work. */
  flood(bytes: number): Promise<void>
}

type ErrorClass = abstract new (...given: never[]) => Error

/**
 * What a parser made of its input; undefined where it refused with one of `refusals`. Whatever else it throws is a
 * defect, and a TypeError or a RangeError always is.
 */
export function fed<Output>(parse: () => Output, ...refusals: ErrorClass[]): Output | undefined {
  try {
    return parse()
  } catch (error) {
    return refused(error, refusals)
  }
}

/** The same, of what answers later. */
export async function fedLater<Output>(
  parse: () => Promise<Output>,
  ...refusals: ErrorClass[]
): Promise<Output | undefined> {
  try {
    return await parse()
  } catch (error) {
    return refused(error, refusals)
  }
}

function refused(error: unknown, refusals: readonly ErrorClass[]): undefined {
  const isBlunder = error instanceof TypeError || error instanceof RangeError
  if (isBlunder || !refusals.some((kind) => error instanceof kind)) throw error
  return undefined
}

/** Throws unless it holds; `what` says what a parser has broken. */
export function hold(isSo: boolean, what: string): void {
  if (!isSo) throw new Error(what)
}

/** Throws unless a parser's refusal has one of its codes, and a sentence. */
export function holdRefusal(
  { code, message }: { readonly code: string; readonly message: string },
  codes: readonly string[],
): void {
  hold(codes.includes(code), `a refusal with ${code}`)
  hold(message.length > 0, 'a refusal without a message')
}

/** Own names of what every object inherits; a parser must not add to them. */
function inherited(): string {
  const prototypes = [Object, Array, String, Number, Function, Map, Uint8Array]
  return prototypes.map(({ prototype }) => Reflect.ownKeys(prototype).length).join()
}

/** What holds for every parser: the input is as it was, and so are the prototypes. */
async function feedAndLook<Input>(fuzzing: Fuzzing<Input>, input: Input): Promise<void> {
  const before = structuredClone(input)
  const names = inherited()
  await fuzzing.feed(input)
  hold(inherited() === names, 'a prototype has changed')
  hold(isDeepStrictEqual(structuredClone(input), before), 'the input has changed')
}

/** No linear work on a flood comes near; a quadratic one takes hours. */
const FLOOD_MS_MAX = 60_000

export function fuzzer<Input>(fuzzing: Fuzzing<Input>): Fuzzer {
  const { name, feeds, input, floods = () => [], cost = 1 } = fuzzing
  return {
    name,
    feeds,
    async run(runs, seed) {
      const property = fc.asyncProperty(input, (value) => feedAndLook(fuzzing, value))
      await fc.assert(property, { numRuns: Math.max(5, Math.ceil(runs / cost)), seed })
    },
    async flood(bytes) {
      for (const value of floods(bytes)) await bounded(() => fuzzing.feed(value))
    },
  }
}

/** Ends synchronous work that does not end by itself, a regular expression's included. */
function bounded<Output>(work: () => Output): Output {
  const context = createContext({ work })
  return new Script('work()').runInContext(context, { timeout: FLOOD_MS_MAX }) as Output
}
