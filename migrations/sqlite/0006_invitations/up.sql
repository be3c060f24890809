-- why: people are invited, some are not to come back by themselves, and a request may be sent twice.

-- invited_by and accepted_by have no foreign key on purpose: the record outlives whom it names.
-- delivery is how the current token left: only one that was mailed proves a mailbox.
CREATE TABLE invitation_tokens (
  id            BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
  tenant_id     BLOB    NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  email         TEXT    NOT NULL,
  email_key     TEXT    NOT NULL,
  role          TEXT    NOT NULL CHECK (role IN ('owner', 'admin', 'member')),
  state         TEXT    NOT NULL CHECK (state IN ('pending', 'accepted', 'declined', 'revoked', 'expired')),
  delivery      TEXT    NOT NULL CHECK (delivery IN ('outbox', 'return_token')),
  token_hash    BLOB    NOT NULL UNIQUE,
  token_time    INTEGER NOT NULL,
  resend_count  INTEGER NOT NULL DEFAULT 0,
  inviter_kind  TEXT    NOT NULL CHECK (inviter_kind IN ('user', 'api_key', 'operator')),
  invited_by    BLOB,
  accepted_by   BLOB,
  expire_time   INTEGER NOT NULL,
  create_time   INTEGER NOT NULL,
  end_time      INTEGER,
  CONSTRAINT invitation_tokens_ended CHECK ((state = 'pending') = (end_time IS NULL)),
  CONSTRAINT invitation_tokens_accepted CHECK ((state = 'accepted') = (accepted_by IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX invitation_tokens_one_pending ON invitation_tokens (tenant_id, email_key) WHERE state = 'pending';
CREATE INDEX invitation_tokens_tenant ON invitation_tokens (tenant_id, id);
CREATE INDEX invitation_tokens_email ON invitation_tokens (email_key);

-- Who was removed is not placed by domain again until invited.
CREATE TABLE departures (
  tenant_id    BLOB    NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  email_key    TEXT    NOT NULL,
  create_time  INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, email_key)
) STRICT, WITHOUT ROWID;

-- scope_id is the tenant or the person that the request ran for; all zeros for the platform.
-- made is what the request made; empty only inside the transaction that makes it.
CREATE TABLE idempotency (
  principal_id  BLOB    NOT NULL,
  scope_id      BLOB    NOT NULL,
  request_id    BLOB    NOT NULL,
  kid           TEXT    NOT NULL,
  tag           BLOB    NOT NULL,
  made          BLOB,
  expire_time   INTEGER NOT NULL,
  PRIMARY KEY (principal_id, scope_id, request_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_expire ON idempotency (expire_time);

-- A rebuild inside the transaction: nothing refers to this table, so dropping it cascades to nothing.
CREATE TABLE keys_new (
  id             BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
  purpose        TEXT    NOT NULL CHECK (purpose IN ('signing', 'page_token', 'refresh', 'sign_up', 'mail', 'idempotency')),
  state          TEXT    NOT NULL CHECK (state IN ('active', 'next', 'retired')),
  algorithm      TEXT    NOT NULL,
  sealed         BLOB    NOT NULL,
  public         BLOB,
  create_time    INTEGER NOT NULL,
  activate_time  INTEGER,
  retire_time    INTEGER
) STRICT, WITHOUT ROWID;
INSERT INTO keys_new SELECT * FROM keys;
DROP TABLE keys;
ALTER TABLE keys_new RENAME TO keys;
CREATE UNIQUE INDEX keys_one_active ON keys (purpose) WHERE state = 'active';
CREATE UNIQUE INDEX keys_one_next ON keys (purpose) WHERE state = 'next';
