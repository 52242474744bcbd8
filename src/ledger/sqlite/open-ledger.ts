/** The ledger on one SQLite file. Several processes may open the same file. */
import type Database from 'better-sqlite3'
import type { AuditPass } from '../audit-ledger.ts'
import type {
  ChainBinding,
  Cursor,
  DepositFact,
  PayoutFact,
  PendingDeposit,
  Quarantined,
  WithdrawalReading,
} from '../chain-ledger.ts'
import type { KeyedRequest } from '../idempotency-ledger.ts'
import type {
  AgentKey,
  HoldQuestion,
  HoldRequest,
  Lease,
  Ledger,
  Release,
  Settlement,
} from '../ledger.ts'
import type { ReceiptIssuer, ReceiptLedger } from '../receipt-ledger.ts'
import type { SessionOpening } from '../session-ledger.ts'
import type { OfferedVoucher } from '../voucher-ledger.ts'
import { Audit } from './audit.ts'
import { backfillReceipts } from './backfill.ts'
import { CallsInFlight } from './calls-in-flight.ts'
import { GroupCommit } from './group-commit.ts'
import { Idempotency } from './idempotency.ts'
import { Mirror } from './mirror.ts'
import { type LedgerFiles, openFiles } from './open-files.ts'
import { Receipts } from './receipts.ts'
import { Sessions } from './sessions.ts'
import { Spending } from './spending.ts'
import { Vouchers } from './vouchers.ts'

/**
 * Opens or creates the ledger at `path`. Throws when the file can't be opened, is not a ledger, or is of a newer version.
 * `issuer` issues the receipts, first those that calls of before still miss; without one (null) settling throws.
 */
export function openLedger(path: string, issuer: ReceiptIssuer | null): Ledger {
  return ledgerOn(openFiles(path), issuer)
}

/** The ledger on files that are open already; closing it closes them. */
export function ledgerOn(files: LedgerFiles, issuer: ReceiptIssuer | null): Ledger {
  if (issuer !== null) backfillReceipts(files.writer, issuer)
  return new SqliteLedger(files, issuer)
}

class SqliteLedger implements Ledger {
  readonly #files: LedgerFiles
  readonly #commit: GroupCommit
  readonly #spending: Spending
  readonly #sessions: Sessions
  readonly #vouchers: Vouchers
  readonly #receipts: Receipts
  readonly #idempotency: Idempotency
  readonly #mirror: Mirror
  readonly #audit: Audit
  readonly #probe: Database.Statement<[number]>

  constructor(files: LedgerFiles, issuer: ReceiptIssuer | null) {
    const inFlight = new CallsInFlight()
    this.#files = files
    this.#commit = new GroupCommit(files.writer, () => inFlight.count)
    this.#spending = new Spending(files, this.#commit, inFlight, issuer)
    this.#sessions = new Sessions(files, this.#commit)
    this.#vouchers = new Vouchers(files, this.#commit)
    this.#receipts = new Receipts(files, this.#commit)
    this.#idempotency = new Idempotency(files, this.#commit)
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

  audit = () => this.#audit.audit()
  auditPass = (pass: AuditPass) => this.#audit.auditPass(pass)

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
  room = (question: HoldQuestion) => this.#spending.room(question)
  renew = (leases: readonly Lease[]) => this.#spending.renew(leases)
  settle = (settlement: Settlement) => this.#spending.settle(settlement)
  release = (release: Release) => this.#spending.release(release)
  resolveExpired = (at: number) => this.#spending.resolveExpired(at)
  forgetExpired = async (at: number) => {
    await this.#spending.forgetExpired(at)
    await this.#idempotency.forgetExpired(at)
  }
  storePrices = (version: string, effectiveAt: string, json: string) =>
    this.#spending.storePrices(version, effectiveAt, json)
  prices = (version: string) => this.#spending.prices(version)

  openSession = (opening: SessionOpening, at: number) => this.#sessions.openSession(opening, at)
  sessionProof = (agent: AgentKey, id: string) => this.#sessions.sessionProof(agent, id)
  sessionByToken = (tokenSha256: string, at: number) =>
    this.#sessions.sessionByToken(tokenSha256, at)
  sessions = (agent: AgentKey, at: number) => this.#sessions.sessions(agent, at)
  revokeSession = (agent: AgentKey, id: string, at: number) =>
    this.#sessions.revokeSession(agent, id, at)

  keepVoucher = (agent: AgentKey, voucher: OfferedVoucher, at: number) =>
    this.#vouchers.keepVoucher(agent, voucher, at)
  voucher = (agent: AgentKey) => this.#vouchers.voucher(agent)
  unsettled = (agent?: AgentKey) => this.#vouchers.unsettled(agent)

  recall = (agent: AgentKey, keyed: KeyedRequest) => this.#idempotency.recall(agent, keyed)

  receipt = (agent: AgentKey, requestId: string) => this.#receipts.receipt(agent, requestId)
  receipts = (agent: AgentKey, afterSeq: number, limit: number) =>
    this.#receipts.receipts(agent, afterSeq, limit)
  unsignedReceipts = (limit: number) => this.#receipts.unsignedReceipts(limit)
  signReceipts = (signed: Parameters<ReceiptLedger['signReceipts']>[0]) =>
    this.#receipts.signReceipts(signed)

  bind = (binding: ChainBinding) => this.#mirror.bind(binding)
  cursor = () => this.#mirror.cursor()
  advance = (cursor: Cursor) => this.#mirror.advance(cursor)
  credit = (deposit: DepositFact, at: number) => this.#mirror.credit(deposit, at)
  knowVault = (vault: string, agent: AgentKey) => this.#mirror.knowVault(vault, agent)
  bookSettlement = (settlement: PayoutFact, at: number) =>
    this.#mirror.bookSettlement(settlement, at)
  bookWithdrawal = (withdrawal: PayoutFact, at: number) =>
    this.#mirror.bookWithdrawal(withdrawal, at)
  noteWithdrawal = (reading: WithdrawalReading, at: number) =>
    this.#mirror.noteWithdrawal(reading, at)
  vaults = () => this.#mirror.vaults()
  stopVault = (vault: string, reason: string | null) => this.#mirror.stopVault(vault, reason)
  noteFrozen = (vault: string, frozen: boolean) => this.#mirror.noteFrozen(vault, frozen)
  quarantine = (item: Quarantined) => this.#mirror.quarantine(item)
  unquarantine = (signature: string) => this.#mirror.unquarantine(signature)
  quarantined = () => this.#mirror.quarantined()
  replacePending = (pending: readonly PendingDeposit[]) => this.#mirror.replacePending(pending)
  pending = (agent: AgentKey) => this.#mirror.pending(agent)
}
