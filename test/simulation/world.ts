/** One world of a seed: a cluster, agents, gateways on one ledger; and everything that holds them to account. */
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StopSignal, UpstreamRequest } from '../../src/providers/provider.ts'
import { SimulatedAgent } from './agent.ts'
import { type SimulatedCall, traceOf } from './calls/call.ts'
import { simulatedProvider } from './calls/provider.ts'
import { Cluster } from './chain/cluster.ts'
import { RpcNode } from './chain/node.ts'
import { agentPlace } from './chain/place.ts'
import { Dice } from './dice.ts'
import { Disk } from './gateway/disk.ts'
import { Lives } from './gateway/lives.ts'
import { simulatedFetch } from './gateway/network.ts'
import { priceFiles } from './gateway/price-files.ts'
import { DELAY_SECONDS } from './gateway/terms.ts'
import { Arrivals } from './oracle/arrivals.ts'
import { Books } from './oracle/books.ts'
import { judgeEnd } from './oracle/charges.ts'
import { Keys } from './oracle/keys.ts'
import { type EndedRow, Rows } from './oracle/rows.ts'
import { Told } from './oracle/told.ts'
import { must } from './oracle/violation.ts'
import { Tally } from './tally.ts'
import { VirtualTime } from './virtual-time.ts'

const AGENTS = 6

export class World {
  readonly seed: number
  readonly time = new VirtualTime()
  readonly dice: Dice
  readonly tally = new Tally()
  readonly cluster: Cluster
  readonly node: RpcNode
  readonly disk = new Disk()
  readonly agents: readonly SimulatedAgent[]
  readonly lives: Lives
  readonly books: Books
  readonly calls = new Map<string, SimulatedCall>()
  readonly requireVouchers: boolean
  readonly clockMayBeSet: boolean
  readonly #folder = mkdtempSync(join(tmpdir(), 'level5-prices-'))
  readonly told: Told
  readonly #arrivals: Arrivals
  readonly #keys = new Keys(this.calls)
  readonly #bySignal = new WeakMap<StopSignal, SimulatedCall>()
  readonly #trace = createHash('sha256')
  #violation: unknown = null
  /** Faults in a hundred requests to the node. */
  stormPercent = 0
  /** Whether the node keeps only its newest history, and says so. */
  forgetful = false
  /** The slot at which an answer of the node was last spoiled. */
  lastFaultSlot = 0
  serial = 0
  /** Virtual time at which the ledger or a clock was last set right. */
  healedAt = 0
  /** Whether a gateway's clock was ever set. */
  clockWasWrong = false

  constructor(seed: number) {
    this.seed = seed
    this.dice = new Dice(seed)
    this.requireVouchers = this.dice.percent(65)
    this.clockMayBeSet = this.dice.percent(50)
    this.agents = Array.from(
      { length: AGENTS },
      (_, index) =>
        new SimulatedAgent(agentPlace(`agent ${index}`), {
          signs: this.requireVouchers || index % 2 === 0,
          stays: index > 1,
        }),
    )
    this.cluster = new Cluster(() => this.time.now, DELAY_SECONDS)
    this.node = new RpcNode(
      this.cluster,
      new Map(this.agents.map(({ pubkey, place }) => [pubkey, place])),
    )
    this.lives = this.#newLives()
    // The file must be a ledger before anybody looks at it.
    this.disk.mount(() => {}).drop()
    this.books = new Books(new Rows(this.disk.observer), this.cluster, (row) => this.#ended(row))
    this.#arrivals = new Arrivals(
      () => this.books.rows,
      () => !this.clockWasWrong,
    )
    this.told = new Told({
      rows: () => this.books.rows,
      arrivals: this.#arrivals,
      keys: this.#keys,
      tally: this.tally,
      keep: (agent, receipt) => this.#keeperOf(agent).kept.push(receipt),
      check: (check) => this.#check(check),
    })
  }

  /** Installs the virtual runtime and starts the gateways. */
  async begin(): Promise<void> {
    this.time.install(
      simulatedFetch({
        time: this.time,
        dice: this.dice,
        node: this.node,
        stormPercent: () => this.stormPercent,
        forgetful: () => this.forgetful,
        injected: (fault) => {
          this.tally.fault(`rpc: ${fault}`)
          this.lastFaultSlot = this.cluster.slot
        },
        isDead: this.lives.isDead,
        effect: (life, kind) => this.lives.effect(life, kind),
      }),
    )
    this.lives.begin()
    await this.advance(1_000)
  }

  end(): void {
    this.time.uninstall()
    this.disk.dispose()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** Lets time go by, and throws what was found broken meanwhile. */
  async advance(ms: number): Promise<void> {
    await this.time.advance(ms)
    // What was seen as it happened comes first: what the books show then follows of it.
    if (this.#violation !== null) throw this.#violation
    this.books.look()
    this.#keys.judgeRefused(this.books.rows)
    if (this.#violation !== null) throw this.#violation
  }

  /** Notes something in the trace: the same seed must write the same. */
  trace(line: string): void {
    this.#trace.update(`${this.time.now} ${line}\n`)
  }

  /** Of everything that was traced. */
  digest(): string {
    return this.#trace.copy().digest('hex')
  }

  /** Notes a violation that is found where throwing would only be caught by the product. */
  accuse(violation: unknown): void {
    this.#violation ??= violation
  }

  /** Makes a call known before it is served. */
  register(call: SimulatedCall, signal: StopSignal): void {
    this.calls.set(call.requestId, call)
    this.#keys.begun(call)
    this.#bySignal.set(signal, call)
  }

  returned(call: SimulatedCall): void {
    if (call.returned) return
    call.returned = true
    const { client } = call
    this.tally.outcome(
      client.code ?? client.end ?? (client.leftAt === null ? 'unanswered' : 'left'),
    )
    this.trace(traceOf(call))
  }

  get liveCalls(): SimulatedCall[] {
    return [...this.calls.values()].filter(({ returned }) => !returned)
  }

  /** Whatever is under way may now end otherwise. */
  disturb(disturbance: 'clock' | 'ledger' | 'stopped'): void {
    if (disturbance === 'clock') this.clockWasWrong = true
    for (const call of this.liveCalls) call.disturbances.add(disturbance)
  }

  callOf = (signal: StopSignal): SimulatedCall => {
    const call = this.#bySignal.get(signal)
    if (call === undefined) throw new Error('a signal of nobody')
    return call
  }

  #keeperOf(agent: string): SimulatedAgent {
    const keeper = this.agents.find(({ pubkey }) => pubkey === agent)
    if (keeper === undefined) throw new Error(`nobody is ${agent}`)
    return keeper
  }

  #check(check: () => void): void {
    try {
      check()
    } catch (violation) {
      this.accuse(violation)
    }
  }

  #ended(row: EndedRow): void {
    const call = this.calls.get(row.request_id)
    must(call !== undefined, 'L3', () => `nobody asked for ${row.request_id}`)
    if (call === undefined) return
    this.#arrivals.held(call, row.auth_json)
    this.#keys.ended(call, row)
    judgeEnd(call, row)
    this.trace(`${row.request_id} ${row.state} ${row.charge} ${row.reason}`)
    const how = call.session === null ? 'signed' : 'by session'
    const end = row.state === 'released' ? `released: ${row.reason}` : `charged, ${how}`
    this.tally.outcome(end)
  }

  #newLives(): Lives {
    const stage = {
      time: this.time,
      callOf: this.callOf,
      arrived: (call: SimulatedCall, request: UpstreamRequest) =>
        this.#check(() => this.#arrivals.arrived(call, request)),
      isDead: (call: SimulatedCall) => this.lives.isDead(call.life),
      effect: (call: SimulatedCall, kind: string) => this.lives.effect(call.life, kind),
    }
    const providers = new Map(
      ['openai', 'anthropic'].map((name) => [name, simulatedProvider(name, stage)]),
    )
    return new Lives({
      time: this.time,
      dice: this.dice,
      disk: this.disk,
      tally: this.tally,
      requireVouchers: this.requireVouchers,
      pricesFiles: priceFiles(this.#folder),
      gateways: this.dice.percent(50) ? 2 : 1,
      providers: () => providers,
      died: (lives, how) => this.#died(lives, how),
      failed: (violation) => this.accuse(violation),
    })
  }

  #died(lives: readonly number[], how: string): void {
    this.trace(`${how} of ${lives.join(' ')}`)
    for (const call of this.liveCalls) {
      if (!lives.includes(call.life)) continue
      call.disturbances.add('killed')
      this.returned(call)
    }
    if (how !== 'power cut') return
    this.#check(() => this.books.reopen(new Rows(this.disk.observer)))
  }
}
