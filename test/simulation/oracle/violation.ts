/** A property that does not hold: what a simulation looks for. */
export class Violation extends Error {
  override readonly name = 'Violation'
  readonly property: string

  constructor(property: string, message: string) {
    super(`${property}: ${message}`)
    this.property = property
  }
}

export function must(holds: boolean, property: string, message: () => string): void {
  if (!holds) throw new Violation(property, message())
}
