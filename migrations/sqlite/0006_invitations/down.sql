-- why: back to sign-up by domain alone; invitations, and who was removed for good, are lost.
DROP TABLE idempotency;
DROP TABLE departures;
DROP TABLE invitation_tokens;
DELETE FROM pending_sign_ups WHERE basis = 'invitation';
CREATE TABLE keys_old (
  id             BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
  purpose        TEXT    NOT NULL CHECK (purpose IN ('signing', 'page_token', 'refresh', 'sign_up', 'mail')),
  state          TEXT    NOT NULL CHECK (state IN ('active', 'next', 'retired')),
  algorithm      TEXT    NOT NULL,
  sealed         BLOB    NOT NULL,
  public         BLOB,
  create_time    INTEGER NOT NULL,
  activate_time  INTEGER,
  retire_time    INTEGER
) STRICT, WITHOUT ROWID;
INSERT INTO keys_old SELECT * FROM keys WHERE purpose <> 'idempotency';
DROP TABLE keys;
ALTER TABLE keys_old RENAME TO keys;
CREATE UNIQUE INDEX keys_one_active ON keys (purpose) WHERE state = 'active';
CREATE UNIQUE INDEX keys_one_next ON keys (purpose) WHERE state = 'next';
