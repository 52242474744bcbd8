/** Tells the story, and holds every figure that it tells against a second reading from another place. */

/** A figure as told, and as read again. */
export interface Figure {
  readonly scene: string
  readonly name: string
  readonly told: string
  /** Where it was read again: the RPC node, the ledger's file, or the gateway over HTTP. */
  readonly source: Source
  readonly reread: string
}

type Source = 'rpc' | 'ledger' | 'http'

export interface Narrator {
  scene(title: string): void
  say(text: string): void
  /** Text as it arrives, without a line end. */
  write(text: string): void
  /** Prints a figure and reads it again; one that differs is printed as such and fails the demo. */
  figure(name: string, told: string, source: Source, reread: () => Promise<string>): Promise<void>
  /** What must hold for the story to be true; one that does not fails the demo. */
  holds(claim: string, isTrue: boolean): void
  readonly figures: readonly Figure[]
  /** One line for each figure or claim that failed. */
  readonly failures: readonly string[]
}

const NAME_WIDTH = 34

/** Tells the story through `print`, which gets text with its line ends. */
export function createNarrator(print: (text: string) => void): Narrator {
  const figures: Figure[] = []
  const failures: string[] = []
  let current = ''
  function fail(line: string): void {
    failures.push(`${current}: ${line}`)
    print(`  ✗ ${line}\n`)
  }
  return {
    figures,
    failures,
    scene(title) {
      current = title
      print(`\n── ${title}\n`)
    },
    say(text) {
      print(`  ${text}\n`)
    },
    write: print,
    async figure(name, told, source, reread) {
      const again = await reread()
      figures.push({ scene: current, name, told, source, reread: again })
      if (told === again) print(`  ✓ ${name.padEnd(NAME_WIDTH)} ${told}  (${source})\n`)
      else fail(`${name}: told ${told}, ${source} says ${again}`)
    },
    holds(claim, isTrue) {
      if (isTrue) print(`  ✓ ${claim}\n`)
      else fail(`${claim}: this does not hold`)
    },
  }
}
