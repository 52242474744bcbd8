/** The gateway processes of a world: started, killed between any two effects, started again. */
import type { Provider } from '../../../src/providers/provider.ts'
import type { Dice } from '../dice.ts'
import { Violation } from '../oracle/violation.ts'
import type { Tally } from '../tally.ts'
import type { VirtualTime } from '../virtual-time.ts'
import { type Disk, ProcessDied } from './disk.ts'
import { GatewayProcess } from './process.ts'

export type Death = 'kill' | 'power cut'

interface Armed {
  readonly how: Death
  /** Effects that are still done. */
  left: number
}

export interface LivesParts {
  readonly time: VirtualTime
  readonly dice: Dice
  readonly disk: Disk
  readonly tally: Tally
  readonly requireVouchers: boolean
  readonly pricesFiles: readonly string[]
  readonly gateways: number
  readonly providers: () => ReadonlyMap<string, Provider>
  /** What processes have died, before anything else happens. */
  readonly died: (lives: readonly number[], how: Death) => void
  readonly failed: (violation: unknown) => void
}

export class Lives {
  readonly #parts: LivesParts
  /** By place; the first watches the chain. Null: it is down. */
  readonly #places: (GatewayProcess | null)[]
  /** The life that is about to begin in each place. */
  readonly #starting: (number | null)[]
  readonly #dead = new Set<number>()
  #armed: Armed | null = null
  #count = 0
  /** By how much the machine's clock is wrong. */
  skewMs = 0
  /** How much happened: each of these is where a process may die. */
  effects = 0

  constructor(parts: LivesParts) {
    this.#parts = parts
    this.#places = Array.from({ length: parts.gateways }, () => null)
    this.#starting = this.#places.map(() => null)
  }

  get running(): GatewayProcess[] {
    return this.#places.filter((process) => process !== null)
  }

  get allRun(): boolean {
    return this.running.length === this.#places.length
  }

  get watching(): GatewayProcess | null {
    return this.#places[0] ?? null
  }

  get armed(): boolean {
    return this.#armed !== null
  }

  now = (): number => this.#parts.time.now + this.skewMs

  isDead = (life: number): boolean => this.#dead.has(life)

  /** Has whichever process does the effect after so many others die there. */
  arm(how: Death, effects: number): void {
    this.#armed = { how, left: effects }
  }

  disarm(): void {
    this.#armed = null
  }

  /** Something that can be seen from outside happens in this life, or is about to. */
  effect(life: number, kind: string): void {
    if (this.isDead(life)) return
    this.effects += 1
    if (this.#armed === null) return
    this.#armed.left -= 1
    if (this.#armed.left > 0) return
    const { how } = this.#armed
    this.#armed = null
    this.#parts.tally.fault(`${how} at ${kind}`)
    const torn = kind === 'after commit' && this.#parts.dice.percent(50)
    this.#end(how, life, torn ? this.#parts.dice.whole(0, 99) / 100 : null)
  }

  /** Kills a process, or all of them, now. */
  kill(how: Death): void {
    const [process] = this.running.length > 0 ? [this.#parts.dice.pick(this.running)] : []
    if (process === undefined) return
    this.#parts.tally.fault(how)
    this.#end(how, process.terms.life, null)
  }

  /** Stops a process in good order, and starts it again. */
  async restart(): Promise<void> {
    const place = this.#parts.dice.whole(0, this.#places.length - 1)
    const process = this.#places[place]
    if (process == null || process.stopping) return
    this.#parts.tally.fault('restart in order')
    await process.stop((ms) => new Promise((resolve) => void this.#parts.time.after(ms, resolve)))
    if (this.#places[place] !== process) return
    this.#places[place] = null
    this.#later(place, 100)
  }

  /** Starts whatever is down. */
  begin(): void {
    for (const place of this.#places.keys()) this.#later(place, 0)
  }

  #end(how: Death, life: number, torn: number | null): void {
    const { disk, dice, died } = this.#parts
    const dying = this.#places.filter((process) => {
      return process !== null && (how === 'power cut' || process.terms.life === life)
    }) as GatewayProcess[]
    const all = [life, ...dying.map(({ terms }) => terms.life), ...this.#starting]
    const lives = how === 'power cut' ? all.filter((one) => one !== null) : [life]
    for (const one of lives) this.#dead.add(one)
    for (const process of dying) process.dead = true
    if (how === 'power cut') disk.cutPower(torn)
    for (const process of dying) process.die()
    for (const [place, process] of this.#places.entries()) {
      if (process === null || !dying.includes(process)) continue
      this.#places[place] = null
      this.#later(place, dice.small(8_000))
    }
    died(lives, how)
  }

  #later(place: number, ms: number): void {
    this.#parts.time.after(ms, () => {
      void this.#start(place).catch((error: unknown) => this.#parts.failed(error))
    })
  }

  async #start(place: number): Promise<void> {
    if (this.#places[place] !== null || this.#starting[place] !== null) return
    const { disk, dice, pricesFiles, requireVouchers, providers, failed } = this.#parts
    // Opening waits for whoever has the lock, and nothing else happens meanwhile.
    if (disk.busy) return this.#later(place, 500)
    const life = this.#count++
    this.#starting[place] = life
    const mount = disk.mount((kind) => {
      this.effect(life, kind)
      if (this.isDead(life)) throw new ProcessDied()
    })
    const priceList = dice.whole(0, pricesFiles.length - 1)
    const terms = {
      life,
      watches: place === 0,
      requireVouchers,
      signsLate: dice.percent(30),
      pricesFile: pricesFiles[priceList] ?? '',
      priceList,
    }
    const surroundings = {
      now: this.now,
      providers: providers(),
      random: (bytes: number) => dice.bytes(bytes),
      defect: (what: string, error: unknown) => {
        failed(new Violation('S3', `${what}: ${error instanceof Error ? error.stack : error}`))
      },
    }
    try {
      const process = await GatewayProcess.start(terms, mount, surroundings)
      if (this.isDead(life)) process.die()
      else this.#places[place] = process
    } catch (error) {
      mount.drop()
      const mayFail = this.isDead(life) || disk.full || disk.busy
      if (!mayFail) throw error
    } finally {
      this.#starting[place] = null
    }
    if (this.#places[place] === null) this.#later(place, 1_000)
  }
}
