/** Lets everything pass while it is open, and keeps it waiting while it is shut. */

export interface Turnstile {
  pass(): Promise<void>
  shut(): void
  open(): void
}

/** Makes an open turnstile. */
export function createTurnstile(): Turnstile {
  let isShut = false
  let waiting: (() => void)[] = []
  return {
    async pass() {
      if (isShut) await new Promise<void>((resolve) => waiting.push(resolve))
    },
    shut() {
      isShut = true
    },
    open() {
      isShut = false
      const all = waiting
      waiting = []
      for (const go of all) go()
    },
  }
}
