/** The ledger on one SQLite file. Several processes may open the same file. */
import type Database from 'better-sqlite3'
import type {
  ChainBinding,
  Cursor,
  DepositFact,
  PendingDeposit,
  Quarantined,
} from '../chain-ledger.ts'
import type { AgentKey, HoldRequest, Lease, Ledger, Release, Settlement } from '../ledger.ts'
import type { SessionTerms } from '../session-ledger.ts'
import { Audit } from './audit.ts'
import { CallsInFlight } from './calls-in-flight.ts'
import { GroupCommit } from './group-commit.ts'
import { Mirror } from './mirror.ts'
import { type LedgerFiles, openFiles } from './open-files.ts'
import { Sessions } from './sessions.ts'
import { Spending } from './spending.ts'

/** Opens or creates the ledger at `path`. Throws when the file can't be opened, is not a ledger, or is of a newer version. */
export function openLedger(path: string): Ledger {
  return ledgerOn(openFiles(path))
}

/** The ledger on files that are open already; closing it closes them. */
export function ledgerOn(files: LedgerFiles): Ledger {
  return new SqliteLedger(files)
}

class SqliteLedger implements Ledger {
  readonly #files: LedgerFiles
  readonly #commit: GroupCommit
  readonly #spending: Spending
  readonly #sessions: Sessions
  readonly #mirror: Mirror
  readonly #audit: Audit
  readonly #probe: Database.Statement<[number]>

  constructor(files: LedgerFiles) {
    const inFlight = new CallsInFlight()
    this.#files = files
    this.#commit = new GroupCommit(files.writer, () => inFlight.count)
    this.#spending = new Spending(files, this.#commit, inFlight)
    this.#sessions = new Sessions(files, this.#commit)
    this.#mirror = new Mirror(files, this.#commit)
    this.#audit = new Audit(files.reader)
    this.#probe = files.writer.prepare(
      'INSERT INTO probe (id, at) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET at = excluded.at',
    )
  }

  get commits(): number {
    return this.#commit.commits
  }

  async probe(at: number): Promise<void> {
    await this.#commit.run(() => this.#probe.run(at))
  }

  audit = () => this.#audit.run()

  async close(): Promise<void> {
    await this.#commit.close()
    this.#files.reader.close()
    this.#files.writer.close()
  }

  balance = (agent: AgentKey) => this.#spending.balance(agent)
  transactions = (agent: AgentKey, before: number | null, limit: number) =>
    this.#spending.transactions(agent, before, limit)
  calls = (afterSeq: number, limit: number) => this.#spending.calls(afterSeq, limit)
  nonceSpent = (agent: AgentKey, nonce: string) => this.#spending.nonceSpent(agent, nonce)
  hold = (request: HoldRequest) => this.#spending.hold(request)
  renew = (leases: readonly Lease[]) => this.#spending.renew(leases)
  settle = (settlement: Settlement) => this.#spending.settle(settlement)
  release = (release: Release) => this.#spending.release(release)
  resolveExpired = (at: number) => this.#spending.resolveExpired(at)
  forgetExpired = (at: number) => this.#spending.forgetExpired(at)
  storePrices = (version: string, effectiveAt: string, json: string) =>
    this.#spending.storePrices(version, effectiveAt, json)
  prices = (version: string) => this.#spending.prices(version)

  openSession = (
    id: string,
    tokenSha256: string,
    terms: SessionTerms,
    nonce: { readonly value: string; readonly forgetAt: number },
    at: number,
  ) => this.#sessions.openSession(id, tokenSha256, terms, nonce, at)
  sessionByToken = (tokenSha256: string, at: number) =>
    this.#sessions.sessionByToken(tokenSha256, at)
  sessions = (agent: AgentKey, at: number) => this.#sessions.sessions(agent, at)
  revokeSession = (agent: AgentKey, id: string, at: number) =>
    this.#sessions.revokeSession(agent, id, at)

  bind = (binding: ChainBinding) => this.#mirror.bind(binding)
  cursor = () => this.#mirror.cursor()
  advance = (cursor: Cursor) => this.#mirror.advance(cursor)
  credit = (deposit: DepositFact, at: number) => this.#mirror.credit(deposit, at)
  knowVault = (vault: string, agent: AgentKey) => this.#mirror.knowVault(vault, agent)
  vaults = () => this.#mirror.vaults()
  stopVault = (vault: string, reason: string | null) => this.#mirror.stopVault(vault, reason)
  noteFrozen = (vault: string, frozen: boolean) => this.#mirror.noteFrozen(vault, frozen)
  quarantine = (item: Quarantined) => this.#mirror.quarantine(item)
  unquarantine = (signature: string) => this.#mirror.unquarantine(signature)
  quarantined = () => this.#mirror.quarantined()
  replacePending = (pending: readonly PendingDeposit[]) => this.#mirror.replacePending(pending)
  pending = (agent: AgentKey) => this.#mirror.pending(agent)
}
