/**
 * The first ledger. Amounts are units, times Unix milliseconds, keys and signatures base58, digests `sha256:<hex>`.
 *
 * An amount is at most 2^62 − 1, so that no sum of the equation below leaves 64 bits.
 * `agents.balance` is what is available. Rows that end with "never changes" are guarded by triggers.
 */
const SPENDING = `
CREATE TABLE agents (
  pubkey     TEXT PRIMARY KEY,
  balance    INTEGER NOT NULL DEFAULT 0 CHECK (balance >= 0),
  held       INTEGER NOT NULL DEFAULT 0 CHECK (held >= 0),
  frozen     INTEGER NOT NULL DEFAULT 0 CHECK (frozen >= 0),
  spent      INTEGER NOT NULL DEFAULT 0 CHECK (spent >= 0),
  deposited  INTEGER NOT NULL DEFAULT 0 CHECK (deposited BETWEEN 0 AND 4611686018427387903),
  settled    INTEGER NOT NULL DEFAULT 0 CHECK (settled BETWEEN 0 AND spent),
  withdrawn  INTEGER NOT NULL DEFAULT 0 CHECK (withdrawn >= 0),
  owed       INTEGER NOT NULL DEFAULT 0 CHECK (owed BETWEEN 0 AND 4611686018427387903),
  updated_at INTEGER NOT NULL,
  CONSTRAINT conservation CHECK (deposited + owed = balance + held + frozen + spent + withdrawn)
) STRICT, WITHOUT ROWID;

CREATE TABLE transactions (          -- the journal of each agent's money; never changes
  id            INTEGER PRIMARY KEY,
  agent_pubkey  TEXT NOT NULL REFERENCES agents (pubkey),
  type          TEXT NOT NULL CHECK (type IN ('DEPOSIT', 'DEBIT', 'WITHDRAWAL')),
  amount        INTEGER NOT NULL CHECK (amount BETWEEN 0 AND 4611686018427387903),
  balance_after INTEGER NOT NULL,    -- deposited - withdrawn - spent; below zero only while something is owed
  usage_json    TEXT CHECK (json_valid(usage_json)),
  request_id    TEXT,
  signature     TEXT,
  timestamp     INTEGER NOT NULL,
  CHECK (type <> 'DEBIT' OR (usage_json IS NOT NULL AND request_id IS NOT NULL)),
  CHECK (type = 'DEBIT' OR signature IS NOT NULL)
) STRICT;
CREATE INDEX transactions_of_agent ON transactions (agent_pubkey, id);

CREATE TABLE prices (                -- every list that ever charged anyone; never changes
  version      TEXT PRIMARY KEY,
  effective_at TEXT NOT NULL,
  json         TEXT NOT NULL CHECK (json_valid(json))
) STRICT;

CREATE TABLE sessions (
  id           TEXT PRIMARY KEY,
  token_sha256 TEXT NOT NULL UNIQUE CHECK (length(token_sha256) = 64),
  agent_pubkey TEXT NOT NULL,
  spend_limit  INTEGER CHECK (spend_limit BETWEEN 0 AND 4611686018427387903),
  models_json  TEXT CHECK (json_valid(models_json)),
  label        TEXT,
  created_at   INTEGER NOT NULL,
  expires_at   INTEGER NOT NULL,
  revoked_at   INTEGER,
  spent        INTEGER NOT NULL DEFAULT 0 CHECK (spent >= 0),
  held         INTEGER NOT NULL DEFAULT 0 CHECK (held >= 0),
  CONSTRAINT session_limit CHECK (spend_limit IS NULL OR spent + held <= spend_limit)
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_of_agent ON sessions (agent_pubkey, expires_at);

CREATE TABLE nonces (
  agent_pubkey TEXT NOT NULL,
  nonce        TEXT NOT NULL,
  forget_at    INTEGER NOT NULL,
  PRIMARY KEY (agent_pubkey, nonce)
) STRICT, WITHOUT ROWID;
CREATE INDEX nonces_to_forget ON nonces (forget_at);

CREATE TABLE holds (                 -- the open ones: ending a hold deletes it and writes its call
  request_id           TEXT PRIMARY KEY,
  agent_pubkey         TEXT NOT NULL REFERENCES agents (pubkey),
  session_id           TEXT REFERENCES sessions (id),
  amount               INTEGER NOT NULL CHECK (amount BETWEEN 1 AND 4611686018427387903),
  started_at           INTEGER NOT NULL,
  lease_until          INTEGER NOT NULL,
  provider             TEXT NOT NULL,
  model                TEXT NOT NULL,
  price_version        TEXT NOT NULL REFERENCES prices (version),
  request_digest       TEXT NOT NULL,
  auth_json            TEXT NOT NULL CHECK (json_valid(auth_json)),
  recovery_tokens_json TEXT NOT NULL CHECK (json_valid(recovery_tokens_json)),
  recovery_charge      INTEGER NOT NULL CHECK (recovery_charge >= 0)
) STRICT, WITHOUT ROWID;
CREATE INDEX holds_by_lease ON holds (lease_until);

CREATE TABLE calls (                 -- the journal of ended calls, in the order they ended; never changes
  seq            INTEGER PRIMARY KEY,
  request_id     TEXT NOT NULL UNIQUE,
  agent_pubkey   TEXT NOT NULL REFERENCES agents (pubkey),
  session_id     TEXT,
  state          TEXT NOT NULL CHECK (state IN ('settled', 'released')),
  held           INTEGER NOT NULL CHECK (held > 0),
  charge         INTEGER NOT NULL CHECK (charge >= 0),
  transaction_id INTEGER UNIQUE REFERENCES transactions (id),  -- the debit, which has the usage
  reason         TEXT,                                         -- why nothing was charged
  provider       TEXT NOT NULL,
  model          TEXT NOT NULL,
  price_version  TEXT NOT NULL,
  request_digest TEXT NOT NULL,
  auth_json      TEXT NOT NULL,
  started_at     INTEGER NOT NULL,
  ended_at       INTEGER NOT NULL,
  CONSTRAINT charge_within_hold CHECK (charge <= held),
  CHECK ((state = 'settled') = (transaction_id IS NOT NULL)),
  CHECK ((state = 'released') = (reason IS NOT NULL)),
  CHECK (state = 'settled' OR charge = 0)
) STRICT;

CREATE TRIGGER hold_once BEFORE INSERT ON holds
WHEN EXISTS (SELECT 1 FROM calls WHERE request_id = NEW.request_id)
BEGIN SELECT RAISE(ABORT, 'a hold of this request has ended already'); END;
`

/** What the watcher writes. A vault's columns are its account's fields as last read. */
const MIRROR = `
CREATE TABLE binding (               -- never changes
  id           INTEGER PRIMARY KEY CHECK (id = 1),
  genesis_hash TEXT NOT NULL,
  program      TEXT NOT NULL,
  gateway      TEXT NOT NULL,
  mint         TEXT NOT NULL
) STRICT;

CREATE TABLE vaults (
  vault              TEXT PRIMARY KEY,
  agent_pubkey       TEXT NOT NULL,
  deposited          INTEGER NOT NULL DEFAULT 0 CHECK (deposited BETWEEN 0 AND 4611686018427387903),
  settled            INTEGER NOT NULL DEFAULT 0 CHECK (settled >= 0),
  withdrawn          INTEGER NOT NULL DEFAULT 0 CHECK (withdrawn >= 0),
  deposit_index      INTEGER NOT NULL DEFAULT 0 CHECK (deposit_index >= 0),  -- the highest that was credited
  pending_withdrawal INTEGER NOT NULL DEFAULT 0 CHECK (pending_withdrawal >= 0),
  withdrawable_at    INTEGER NOT NULL DEFAULT 0,
  withdrawal_delay   INTEGER,
  stopped            TEXT,                                                   -- why crediting is stopped
  address_frozen     INTEGER NOT NULL DEFAULT 0 CHECK (address_frozen IN (0, 1))
) STRICT, WITHOUT ROWID;
CREATE INDEX vaults_frozen ON vaults (agent_pubkey) WHERE address_frozen = 1;

CREATE TABLE deposits (              -- what was credited; never changes
  vault            TEXT NOT NULL REFERENCES vaults (vault),
  deposit_index    INTEGER NOT NULL CHECK (deposit_index >= 1),
  agent_pubkey     TEXT NOT NULL REFERENCES agents (pubkey),
  amount           INTEGER NOT NULL CHECK (amount BETWEEN 1 AND 4611686018427387903),
  cumulative       INTEGER NOT NULL CHECK (cumulative >= amount),
  depositor        TEXT NOT NULL,
  signature        TEXT NOT NULL,
  instruction_path TEXT NOT NULL,
  slot             INTEGER NOT NULL CHECK (slot >= 0),
  transaction_id   INTEGER NOT NULL UNIQUE REFERENCES transactions (id),
  PRIMARY KEY (vault, deposit_index),
  UNIQUE (signature, instruction_path)
) STRICT, WITHOUT ROWID;
CREATE INDEX deposits_of_agent ON deposits (agent_pubkey);

CREATE TABLE pending_deposits (
  agent_pubkey TEXT NOT NULL,
  signature    TEXT NOT NULL,
  amount       INTEGER NOT NULL CHECK (amount > 0)
) STRICT;
CREATE INDEX pending_deposits_of_agent ON pending_deposits (agent_pubkey);

CREATE TABLE quarantine (
  signature TEXT PRIMARY KEY,
  slot      INTEGER NOT NULL,
  reason    TEXT NOT NULL,
  at        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE cursor (
  id        INTEGER PRIMARY KEY CHECK (id = 1),
  slot      INTEGER NOT NULL CHECK (slot >= 0),
  signature TEXT
) STRICT;

CREATE TABLE probe (                 -- what a health check overwrites
  id INTEGER PRIMARY KEY CHECK (id = 1),
  at INTEGER NOT NULL
) STRICT;
`

/** One trigger per forbidden verb: history is only ever added to. */
const APPEND_ONLY = ['transactions', 'calls', 'deposits', 'prices', 'binding']
  .flatMap((table) =>
    ['UPDATE', 'DELETE'].map(
      (verb) => `
CREATE TRIGGER ${table}_never_${verb.toLowerCase()} BEFORE ${verb} ON ${table}
BEGIN SELECT RAISE(ABORT, '${table} is append-only'); END;`,
    ),
  )
  .join('\n')

export const FIRST_LEDGER = SPENDING + MIRROR + APPEND_ONLY
