/**
 * The books, followed row by row and held to what they must always be: conservation, the journal's sum, holds, charges
 * and credits. Knows nothing of how the product writes them.
 */
import type { Cluster } from '../chain/cluster.ts'
import type { AgentRow, EndedRow, JournalRow, Rows } from './rows.ts'
import { must } from './violation.ts'

/** What one agent's journal adds up to. */
interface Sums {
  deposits: bigint
  debits: bigint
  withdrawals: bigint
  receipts: bigint
  /** The index of the last deposit that was credited. */
  credited: bigint
}

export interface Figures {
  readonly credits: number
  readonly charged: bigint
  readonly settledCalls: number
  readonly releasedCalls: number
}

export class Books {
  readonly #cluster: Cluster
  readonly #onEnd: (row: EndedRow) => void
  #rows: Rows
  #version = -1n
  #journalId = 0n
  #seq = 0n
  #sums = new Map<string, Sums>()
  /** Ends that were ever seen: they stand, whatever dies. */
  readonly #ended = new Map<string, { readonly state: string; readonly charge: bigint }>()
  #endedNow = 0
  #credits = 0
  readonly #sessionSpent = new Map<string, bigint>()

  constructor(rows: Rows, cluster: Cluster, onEnd: (row: EndedRow) => void) {
    this.#rows = rows
    this.#cluster = cluster
    this.#onEnd = onEnd
  }

  get rows(): Rows {
    return this.#rows
  }

  /** The file was opened anew: everything is read and added up again, and nothing that was there may be missing. */
  reopen(rows: Rows): void {
    this.#rows = rows
    this.#version = -1n
    this.#journalId = 0n
    this.#seq = 0n
    this.#sums = new Map()
    this.#endedNow = 0
    this.#credits = 0
    this.#sessionSpent.clear()
    this.look()
    must(this.#endedNow >= this.#ended.size, 'L8', () => {
      return `${this.#ended.size} calls had ended, ${this.#endedNow} have after the crash`
    })
  }

  /** How many deposits of an agent are on the books. */
  creditedOf(agent: string): bigint {
    return this.#sums.get(agent)?.credited ?? 0n
  }

  /** Looks at what is new, and at what always must hold. */
  look(): void {
    const version = this.#rows.version()
    if (version === this.#version) return
    this.#version = version
    for (const row of this.#rows.journalAfter(this.#journalId)) this.#enter(row)
    for (const row of this.#rows.endedAfter(this.#seq)) this.#end(row)
    const { held, rooms } = this.#openHolds()
    for (const row of this.#rows.agents()) {
      this.#balance(row)
      const open = held.get(row.pubkey) ?? 0n
      must(row.held === open, 'L1', () => `${row.pubkey} holds ${row.held}, its holds ${open}`)
    }
    for (const { id, spend_limit: limit, spent, held: room } of this.#rows.sessions()) {
      const charged = this.#sessionSpent.get(id) ?? 0n
      must(spent === charged, 'A3', () => `session ${id} spent ${spent}, its calls ${charged}`)
      const open = rooms.get(id) ?? 0n
      must(room === open, 'A3', () => `session ${id} holds ${room}, its holds ${open}`)
      must(limit === null || spent + room <= limit, 'A3', () => `session ${id} is over its limit`)
    }
  }

  figures(): Figures {
    let [charged, settledCalls] = [0n, 0]
    for (const { state, charge } of this.#ended.values()) {
      if (state === 'settled') settledCalls += 1
      charged += charge
    }
    const releasedCalls = this.#ended.size - settledCalls
    return { credits: this.#credits, charged, settledCalls, releasedCalls }
  }

  /** What is held of each agent, and of each session. */
  #openHolds(): { readonly held: Map<string, bigint>; readonly rooms: Map<string, bigint> } {
    const [held, rooms] = [new Map<string, bigint>(), new Map<string, bigint>()]
    for (const { agent_pubkey: agent, session_id: session, amount } of this.#rows.holds()) {
      held.set(agent, (held.get(agent) ?? 0n) + amount)
      if (session !== null) rooms.set(session, (rooms.get(session) ?? 0n) + amount)
    }
    return { held, rooms }
  }

  #sumsOf(agent: string): Sums {
    const known = this.#sums.get(agent)
    if (known !== undefined) return known
    const sums = { deposits: 0n, debits: 0n, withdrawals: 0n, receipts: 0n, credited: 0n }
    this.#sums.set(agent, sums)
    return sums
  }

  #enter(row: JournalRow): void {
    const sums = this.#sumsOf(row.agent_pubkey)
    if (row.type === 'DEPOSIT') this.#credit(row, sums)
    else if (row.type === 'DEBIT') sums.debits += row.amount
    else sums.withdrawals += row.amount
    const after = sums.deposits - sums.debits - sums.withdrawals
    must(row.balance_after === after, 'L1', () => {
      return `entry ${row.id} of ${row.agent_pubkey} says ${row.balance_after}, the journal adds up to ${after}`
    })
    this.#journalId = row.id
  }

  /** Only what the chain has made final, each deposit once and in its order. */
  #credit(row: JournalRow, sums: Sums): void {
    this.#credits += 1
    sums.deposits += row.amount
    sums.credited = row.deposit_index ?? 0n
    const agent = row.agent_pubkey
    const landed = row.signature === null ? undefined : this.#cluster.find(row.signature)
    const isFinal = landed !== undefined && landed.slot <= this.#cluster.finalSlot
    must(isFinal, 'C2', () => `${agent} is credited by ${row.signature}, which is not final`)
    const fact = landed?.happened.find((one) => {
      const { emitted, after } = one
      const isDeposit = one.agent === agent && emitted?.event === 'DepositEvent'
      return isDeposit && after.depositIndex === row.deposit_index
    })
    must(fact?.emitted?.amount === row.amount, 'C4', () => {
      return `${agent} is credited ${row.amount} as deposit ${row.deposit_index}, the chain has ${fact?.emitted?.amount}`
    })
    must(row.cumulative === sums.deposits, 'C1', () => {
      return `deposit ${row.deposit_index} of ${agent} brings ${row.cumulative}, ${sums.deposits} were credited`
    })
  }

  #end(row: EndedRow): void {
    const { request_id: id, state, charge, agent_pubkey: agent } = row
    must(charge <= row.held, 'L3', () => `${id} is charged ${charge} on a hold of ${row.held}`)
    if (state === 'settled') this.#receipt(row)
    const before = this.#ended.get(id)
    if (row.session_id !== null) {
      const spent = this.#sessionSpent.get(row.session_id) ?? 0n
      this.#sessionSpent.set(row.session_id, spent + charge)
    }
    this.#seq = row.seq
    this.#endedNow += 1
    if (before === undefined) {
      this.#ended.set(id, { state, charge })
      this.#onEnd(row)
      return
    }
    const same = before.state === state && before.charge === charge
    must(
      same,
      'L4',
      () => `${id} of ${agent} was ${before.state} at ${before.charge} and is ${state}`,
    )
  }

  #receipt(row: EndedRow): void {
    const sums = this.#sumsOf(row.agent_pubkey)
    sums.receipts += 1n
    must(row.receipt_seq === sums.receipts, 'L1', () => {
      return `receipt ${row.receipt_seq} of ${row.agent_pubkey} follows ${sums.receipts - 1n}`
    })
    const receipt = JSON.parse(row.receipt_text ?? '{}') as { charge?: string; request_id?: string }
    const isOwn = receipt.charge === `${row.charge}` && receipt.request_id === row.request_id
    must(isOwn, 'L1', () => `the receipt of ${row.request_id} is of ${JSON.stringify(receipt)}`)
  }

  #balance(row: AgentRow): void {
    const { pubkey, balance, held, frozen, spent, deposited, settled, withdrawn, owed } = row
    const uses = balance + held + frozen + spent + withdrawn - owed
    must(deposited === uses, 'L1', () => `${pubkey}: deposited ${deposited} is not ${uses}`)
    const amounts = [balance, held, frozen, spent, deposited, settled, withdrawn, owed]
    must(
      amounts.every((amount) => amount >= 0n),
      'L1',
      () => `${pubkey} has a negative amount`,
    )
    const sums = this.#sumsOf(pubkey)
    const journal = sums.deposits - sums.debits - sums.withdrawals
    const available = balance + held + frozen - owed
    must(
      journal === available,
      'L1',
      () => `${pubkey}: the journal says ${journal}, the row ${available}`,
    )
    must(sums.deposits === deposited, 'L1', () => `${pubkey}: credits of ${sums.deposits}`)
    must(sums.debits === spent, 'L1', () => `${pubkey}: debits of ${sums.debits}, spent ${spent}`)
  }
}
