/**
 * What leaves a vault, what was signed for it, and a receipt for each charge. Conventions as in schema 1.
 *
 * `agents.pending_withdrawal` is what is to be frozen: the vault's pending amount, at whichever commitment it is higher.
 */
const FREEZING = `
ALTER TABLE agents ADD COLUMN pending_withdrawal INTEGER NOT NULL DEFAULT 0
  CONSTRAINT frozen_up_to_pending CHECK (frozen <= pending_withdrawal)
  CONSTRAINT freezes_first CHECK (balance = 0 OR frozen = pending_withdrawal)
  CONSTRAINT pays_first CHECK (owed = 0 OR balance + frozen = 0);

-- The slot at which the vault's pending amount was seen.
ALTER TABLE vaults ADD COLUMN pending_seen_slot INTEGER NOT NULL DEFAULT 0;

CREATE INDEX agents_unsettled ON agents (pubkey) WHERE spent > settled;

-- A vault's address follows from its agent.
CREATE UNIQUE INDEX vaults_of_agent ON vaults (agent_pubkey);
DROP INDEX vaults_frozen;
`

/** A settlement or a withdrawal per row, the totals of a vault without gaps; never changes. */
const PAYOUTS = `
CREATE TABLE settlements (
  vault            TEXT NOT NULL REFERENCES vaults (vault),
  cumulative       INTEGER NOT NULL CHECK (cumulative BETWEEN amount AND 4611686018427387903),
  amount           INTEGER NOT NULL CHECK (amount >= 1),
  signature        TEXT NOT NULL,
  instruction_path TEXT NOT NULL,
  slot             INTEGER NOT NULL CHECK (slot >= 0),
  booked_at        INTEGER NOT NULL,
  PRIMARY KEY (vault, cumulative),
  UNIQUE (signature, instruction_path)
) STRICT, WITHOUT ROWID;

CREATE TABLE withdrawals (
  vault            TEXT NOT NULL REFERENCES vaults (vault),
  cumulative       INTEGER NOT NULL CHECK (cumulative BETWEEN amount AND 4611686018427387903),
  amount           INTEGER NOT NULL CHECK (amount >= 1),
  signature        TEXT NOT NULL,
  instruction_path TEXT NOT NULL,
  slot             INTEGER NOT NULL CHECK (slot >= 0),
  transaction_id   INTEGER NOT NULL UNIQUE REFERENCES transactions (id),
  PRIMARY KEY (vault, cumulative),
  UNIQUE (signature, instruction_path)
) STRICT, WITHOUT ROWID;
${['settlements', 'withdrawals']
  .map(
    (table) => `
CREATE TRIGGER ${table}_without_gaps BEFORE INSERT ON ${table}
WHEN NEW.cumulative - NEW.amount <>
  coalesce((SELECT max(cumulative) FROM ${table} WHERE vault = NEW.vault), 0)
BEGIN SELECT RAISE(ABORT, '${table} of a vault leave no gap'); END;`,
  )
  .join('\n')}
`

const SIGNED = `
CREATE TABLE vouchers (              -- the highest that each agent signed
  agent_pubkey TEXT PRIMARY KEY,
  vault        TEXT NOT NULL REFERENCES vaults (vault),
  -- A u64 is beyond INTEGER: twenty digits, so that texts compare as the numbers do.
  cumulative   TEXT NOT NULL CHECK (length(cumulative) = 20 AND cumulative NOT GLOB '*[^0-9]*'),
  signature    TEXT NOT NULL CHECK (length(signature) = 88),
  kept_at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TRIGGER vouchers_never_fall BEFORE UPDATE ON vouchers
WHEN NEW.cumulative <= OLD.cumulative OR NEW.agent_pubkey <> OLD.agent_pubkey
BEGIN SELECT RAISE(ABORT, 'a voucher gives way to a higher one only'); END;

-- Null where the session was opened before proofs were kept.
ALTER TABLE sessions ADD COLUMN proof_message TEXT;
ALTER TABLE sessions ADD COLUMN proof_signature TEXT
  CHECK ((proof_message IS NULL) = (proof_signature IS NULL));
`

/** Settled calls of before wait in `calls_without_receipt` for the first start that can issue receipts. */
const RECEIPTS = `
CREATE TABLE receipts (              -- a chain per agent; only the signature may follow, once
  transaction_id INTEGER PRIMARY KEY,  -- the debit
  agent_pubkey   TEXT NOT NULL,
  seq            INTEGER NOT NULL CHECK (seq >= 1),
  prev           TEXT NOT NULL,        -- the digest of the receipt before; 64 zeros for the first
  digest         TEXT NOT NULL CHECK (length(digest) = 71),
  text           TEXT NOT NULL,
  signature      TEXT CHECK (length(signature) = 88),
  UNIQUE (agent_pubkey, seq)
) STRICT;
CREATE INDEX receipts_unsigned ON receipts (transaction_id) WHERE signature IS NULL;

CREATE TRIGGER receipts_form_chains BEFORE INSERT ON receipts
BEGIN
  SELECT RAISE(ABORT, 'a receipt is of a debit of its agent') WHERE NOT EXISTS (
    SELECT 1 FROM transactions
    WHERE id = NEW.transaction_id AND type = 'DEBIT' AND agent_pubkey = NEW.agent_pubkey);
  SELECT RAISE(ABORT, 'a receipt follows the one before it') WHERE NEW.prev IS NOT CASE NEW.seq
    WHEN 1 THEN 'sha256:${'0'.repeat(64)}'
    ELSE (SELECT digest FROM receipts WHERE agent_pubkey = NEW.agent_pubkey AND seq = NEW.seq - 1)
  END;
END;

CREATE TRIGGER receipts_only_get_signed BEFORE UPDATE ON receipts
WHEN OLD.signature IS NOT NULL OR NEW.signature IS NULL
  OR (NEW.transaction_id, NEW.agent_pubkey, NEW.seq, NEW.prev, NEW.digest, NEW.text)
    <> (OLD.transaction_id, OLD.agent_pubkey, OLD.seq, OLD.prev, OLD.digest, OLD.text)
BEGIN SELECT RAISE(ABORT, 'receipts is append-only'); END;

CREATE TABLE calls_without_receipt (
  transaction_id INTEGER PRIMARY KEY REFERENCES transactions (id)
) STRICT;
INSERT INTO calls_without_receipt SELECT transaction_id FROM calls WHERE transaction_id IS NOT NULL;

CREATE TRIGGER charge_with_receipt BEFORE INSERT ON calls
WHEN NEW.transaction_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM receipts WHERE transaction_id = NEW.transaction_id)
BEGIN SELECT RAISE(ABORT, 'a charge has a receipt'); END;
`

const NEVER: readonly [table: string, verb: 'UPDATE' | 'DELETE'][] = [
  ['settlements', 'UPDATE'],
  ['settlements', 'DELETE'],
  ['withdrawals', 'UPDATE'],
  ['withdrawals', 'DELETE'],
  ['receipts', 'DELETE'],
  ['vouchers', 'DELETE'],
]

const APPEND_ONLY = NEVER.map(
  ([table, verb]) => `
CREATE TRIGGER ${table}_never_${verb.toLowerCase()} BEFORE ${verb} ON ${table}
BEGIN SELECT RAISE(ABORT, '${table} is append-only'); END;`,
).join('\n')

export const EXIT = FREEZING + PAYOUTS + SIGNED + RECEIPTS + APPEND_ONLY
