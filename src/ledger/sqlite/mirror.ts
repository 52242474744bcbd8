/** The mirror of the vaults on a file. Implements ChainLedger. */
import type Database from 'better-sqlite3'
import type { Units } from '../../money.ts'
import type {
  BindOutcome,
  ChainBinding,
  ChainLedger,
  CreditOutcome,
  Cursor,
  DepositFact,
  KnownVault,
  PayoutFact,
  PayoutOutcome,
  PendingDeposit,
  Quarantined,
  WithdrawalReading,
} from '../chain-ledger.ts'
import type { AgentKey } from '../ledger.ts'
import { Credit } from './credit.ts'
import type { GroupCommit } from './group-commit.ts'
import { NoteWithdrawal } from './note-withdrawal.ts'
import type { LedgerFiles } from './open-files.ts'
import { Payouts } from './payouts.ts'
import { reading } from './reading.ts'
import {
  type PendingRow,
  pendingOf,
  type QuarantineRow,
  quarantinedOf,
  VAULT_COLUMNS,
  type VaultRow,
  vaultOf,
} from './rows.ts'

const BINDING_FIELDS = ['genesisHash', 'program', 'gateway', 'mint'] as const

interface CursorRow {
  readonly slot: bigint
  readonly signature: string | null
}

export class Mirror implements ChainLedger {
  readonly #commit: GroupCommit
  readonly #credit: Credit
  readonly #payouts: Payouts
  readonly #noteWithdrawal: NoteWithdrawal
  readonly #bind: Database.Statement<[ChainBinding]>
  readonly #binding: Database.Statement<[], ChainBinding>
  readonly #advance: Database.Statement<[number, string | null]>
  readonly #stop: Database.Statement<[string | null, string]>
  readonly #noteFrozen: Database.Statement<[number, string]>
  readonly #quarantine: Database.Statement<[Quarantined]>
  readonly #unquarantine: Database.Statement<[string]>
  readonly #clearPending: Database.Statement<[]>
  readonly #addPending: Database.Statement<[PendingDeposit]>
  readonly #cursor: Database.Statement<[], CursorRow>
  readonly #vaults: Database.Statement<[], VaultRow>
  readonly #quarantined: Database.Statement<[], QuarantineRow>
  readonly #allPending: Database.Statement<[], PendingRow>
  readonly #pending: Database.Statement<[string], PendingRow>

  constructor({ writer, reader }: LedgerFiles, commit: GroupCommit) {
    this.#commit = commit
    this.#credit = new Credit(writer)
    this.#payouts = new Payouts(writer)
    this.#noteWithdrawal = new NoteWithdrawal(writer, reader)
    this.#bind = writer.prepare(
      `INSERT INTO binding (id, genesis_hash, program, gateway, mint)
       VALUES (1, @genesisHash, @program, @gateway, @mint) ON CONFLICT (id) DO NOTHING`,
    )
    this.#binding = writer.prepare(
      'SELECT genesis_hash AS genesisHash, program, gateway, mint FROM binding',
    )
    this.#advance = writer.prepare(
      `INSERT INTO cursor (id, slot, signature) VALUES (1, ?, ?)
       ON CONFLICT (id) DO UPDATE SET slot = excluded.slot, signature = excluded.signature
       WHERE excluded.slot >= slot`,
    )
    this.#stop = writer.prepare('UPDATE vaults SET stopped = ? WHERE vault = ?')
    this.#noteFrozen = writer.prepare('UPDATE vaults SET address_frozen = ? WHERE vault = ?')
    this.#quarantine = writer.prepare(
      `INSERT INTO quarantine (signature, slot, reason, at) VALUES (@signature, @slot, @reason, @at)
       ON CONFLICT (signature) DO UPDATE SET reason = excluded.reason`,
    )
    this.#unquarantine = writer.prepare('DELETE FROM quarantine WHERE signature = ?')
    this.#clearPending = writer.prepare('DELETE FROM pending_deposits')
    this.#addPending = writer.prepare(
      `INSERT INTO pending_deposits (agent_pubkey, signature, amount) VALUES (@agent, @signature, @amount)`,
    )
    this.#cursor = reader.prepare('SELECT slot, signature FROM cursor')
    this.#vaults = reader.prepare(`SELECT ${VAULT_COLUMNS} FROM vaults`)
    this.#quarantined = reader.prepare(
      'SELECT signature, slot, reason, at FROM quarantine ORDER BY slot, signature',
    )
    const pending = 'SELECT agent_pubkey, signature, amount FROM pending_deposits'
    this.#allPending = reader.prepare(`${pending} ORDER BY rowid`)
    this.#pending = reader.prepare(`${pending} WHERE agent_pubkey = ? ORDER BY rowid`)
  }

  bind(binding: ChainBinding): Promise<BindOutcome> {
    return this.#commit.run(() => {
      this.#bind.run(binding)
      const ledger = this.#binding.get()
      if (ledger === undefined) throw new Error('the binding was written and is not there')
      const field = BINDING_FIELDS.find((name) => ledger[name] !== binding[name])
      if (field === undefined) return { kind: 'bound' }
      return { kind: 'other_chain', field, ledger: ledger[field], chain: binding[field] }
    })
  }

  cursor(): Promise<Cursor | null> {
    return reading(() => {
      const row = this.#cursor.get()
      return row === undefined ? null : { slot: Number(row.slot), signature: row.signature }
    })
  }

  async advance({ slot, signature }: Cursor): Promise<void> {
    await this.#commit.run(() => this.#advance.run(slot, signature))
  }

  credit(deposit: DepositFact, at: number): Promise<CreditOutcome> {
    return this.#commit.run(() => this.#credit.run(deposit, at))
  }

  knowVault(vault: string, agent: AgentKey): Promise<void> {
    return this.#commit.run(() => this.#credit.knowVault(vault, agent))
  }

  bookSettlement(settlement: PayoutFact, at: number): Promise<PayoutOutcome> {
    return this.#commit.run(() => this.#payouts.bookSettlement(settlement, at))
  }

  bookWithdrawal(withdrawal: PayoutFact, at: number): Promise<PayoutOutcome> {
    return this.#commit.run(() => this.#payouts.bookWithdrawal(withdrawal, at))
  }

  /** A reading that changes nothing costs no write: the watcher says it at every sweep. */
  async noteWithdrawal(seen: WithdrawalReading, at: number): Promise<Units> {
    const standing = await reading(() => this.#noteWithdrawal.standing(seen))
    return standing ?? this.#commit.run(() => this.#noteWithdrawal.run(seen, at))
  }

  vaults(): Promise<KnownVault[]> {
    return reading(() => this.#vaults.all().map(vaultOf))
  }

  stopVault(vault: string, reason: string | null): Promise<void> {
    return this.#commit.run(() => known(vault, this.#stop.run(reason, vault)))
  }

  noteFrozen(vault: string, frozen: boolean): Promise<void> {
    return this.#commit.run(() => known(vault, this.#noteFrozen.run(frozen ? 1 : 0, vault)))
  }

  async quarantine(item: Quarantined): Promise<void> {
    await this.#commit.run(() => this.#quarantine.run(item))
  }

  async unquarantine(signature: string): Promise<void> {
    await this.#commit.run(() => this.#unquarantine.run(signature))
  }

  quarantined(): Promise<Quarantined[]> {
    return reading(() => this.#quarantined.all().map(quarantinedOf))
  }

  /** A set that stands already costs no write: the watcher says it at every sweep. */
  async replacePending(pending: readonly PendingDeposit[]): Promise<void> {
    const standing = await reading(() => this.#allPending.all().map(pendingOf))
    if (samePending(standing, pending)) return
    await this.#commit.run(() => {
      this.#clearPending.run()
      for (const deposit of pending) this.#addPending.run(deposit)
    })
  }

  pending(agent: AgentKey): Promise<PendingDeposit[]> {
    return reading(() => this.#pending.all(agent).map(pendingOf))
  }
}

function known(vault: string, { changes }: Database.RunResult): void {
  if (changes === 0) throw new Error(`no vault ${vault} is known`)
}

function samePending(a: readonly PendingDeposit[], b: readonly PendingDeposit[]): boolean {
  if (a.length !== b.length) return false
  return a.every((one, index) => {
    const other = b[index]
    return (
      one.agent === other?.agent && one.signature === other.signature && one.amount === other.amount
    )
  })
}
