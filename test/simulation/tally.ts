/** Counts what happened, for the table at the end. */

export class Tally {
  readonly operations = new Map<string, number>()
  readonly faults = new Map<string, number>()
  readonly outcomes = new Map<string, number>()
  readonly figures = new Map<string, bigint>()

  operation(name: string): void {
    count(this.operations, name)
  }

  fault(name: string): void {
    count(this.faults, name)
  }

  outcome(name: string): void {
    count(this.outcomes, name)
  }

  figure(name: string, amount: bigint): void {
    this.figures.set(name, (this.figures.get(name) ?? 0n) + amount)
  }

  add(other: Tally): void {
    for (const name of ['operations', 'faults', 'outcomes'] as const) {
      for (const [what, times] of other[name]) {
        this[name].set(what, (this[name].get(what) ?? 0) + times)
      }
    }
    for (const [what, amount] of other.figures) this.figure(what, amount)
  }
}

function count(map: Map<string, number>, name: string): void {
  map.set(name, (map.get(name) ?? 0) + 1)
}
