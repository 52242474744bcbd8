/**
 * Calls that name themselves: an Idempotency-Key is of one call from its hold on. Conventions as in schema 1.
 *
 * A key is of a running call while `forget_at` is null; a release deletes it, a charge sets the time at which it is
 * forgotten and may keep what the agent was sent.
 */
const KEYS = `
CREATE TABLE idempotency_keys (
  id           INTEGER PRIMARY KEY,
  agent_pubkey TEXT NOT NULL REFERENCES agents (pubkey),
  key          TEXT NOT NULL CHECK (length(key) BETWEEN 16 AND 128 AND key NOT GLOB '*[^A-Za-z0-9_-]*'),
  fingerprint  TEXT NOT NULL CHECK (length(fingerprint) = 71),  -- of method, target and body
  request_id   TEXT NOT NULL UNIQUE,
  forget_at    INTEGER,
  UNIQUE (agent_pubkey, key)
) STRICT;
CREATE INDEX idempotency_keys_to_forget ON idempotency_keys (forget_at);

ALTER TABLE holds ADD COLUMN key_id INTEGER REFERENCES idempotency_keys (id);
CREATE UNIQUE INDEX holds_of_key ON holds (key_id) WHERE key_id IS NOT NULL;

CREATE TRIGGER idempotency_keys_begin_open BEFORE INSERT ON idempotency_keys
WHEN NEW.forget_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a key is taken by a call that runs'); END;

CREATE TRIGGER idempotency_keys_end_with_a_charge BEFORE UPDATE ON idempotency_keys
WHEN OLD.forget_at IS NOT NULL OR NEW.forget_at IS NULL
  OR (NEW.id, NEW.agent_pubkey, NEW.key, NEW.fingerprint, NEW.request_id)
    <> (OLD.id, OLD.agent_pubkey, OLD.key, OLD.fingerprint, OLD.request_id)
  OR NOT EXISTS (SELECT 1 FROM calls WHERE request_id = OLD.request_id AND state = 'settled')
BEGIN SELECT RAISE(ABORT, 'a key only ends, once, with the charge of its call'); END;

CREATE TRIGGER idempotency_keys_outlive_their_charge BEFORE DELETE ON idempotency_keys
WHEN OLD.forget_at IS NULL
  AND EXISTS (SELECT 1 FROM calls WHERE request_id = OLD.request_id AND state = 'settled')
BEGIN SELECT RAISE(ABORT, 'the key of a charge is kept'); END;
`

/** `kept_bytes` is the sum of an agent's answers, so that nothing has to sum them. */
const ANSWERS = `
CREATE TABLE kept_answers (
  key_id       INTEGER PRIMARY KEY REFERENCES idempotency_keys (id) ON DELETE CASCADE,
  agent_pubkey TEXT NOT NULL,
  status       INTEGER NOT NULL,
  content_type TEXT NOT NULL,
  streamed     INTEGER NOT NULL CHECK (streamed IN (0, 1)),
  whole        INTEGER NOT NULL CHECK (whole IN (0, 1)),
  bytes        INTEGER NOT NULL CHECK (bytes = length(body)),
  body         BLOB NOT NULL
) STRICT;
CREATE INDEX kept_answers_of_agent ON kept_answers (agent_pubkey, key_id);

CREATE TABLE kept_bytes (
  agent_pubkey TEXT PRIMARY KEY,
  bytes        INTEGER NOT NULL CHECK (bytes >= 0)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER kept_answers_of_charges BEFORE INSERT ON kept_answers
WHEN NOT EXISTS (SELECT 1 FROM idempotency_keys
  WHERE id = NEW.key_id AND agent_pubkey = NEW.agent_pubkey AND forget_at IS NOT NULL)
BEGIN SELECT RAISE(ABORT, 'an answer is kept of a charged call of its agent'); END;

CREATE TRIGGER kept_answers_never_update BEFORE UPDATE ON kept_answers
BEGIN SELECT RAISE(ABORT, 'kept_answers never change'); END;

CREATE TRIGGER kept_answers_counted AFTER INSERT ON kept_answers
BEGIN
  INSERT INTO kept_bytes (agent_pubkey, bytes) VALUES (NEW.agent_pubkey, NEW.bytes)
    ON CONFLICT (agent_pubkey) DO UPDATE SET bytes = bytes + excluded.bytes;
END;

CREATE TRIGGER kept_answers_uncounted AFTER DELETE ON kept_answers
BEGIN UPDATE kept_bytes SET bytes = bytes - OLD.bytes WHERE agent_pubkey = OLD.agent_pubkey; END;
`

export const IDEMPOTENCY = KEYS + ANSWERS
