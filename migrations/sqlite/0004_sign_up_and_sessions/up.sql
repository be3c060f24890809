-- why: an address is proven before there is an account, a sign-in lasts as a session, mail leaves after commit.

-- basis_id has no foreign key on purpose: a domain removed meanwhile is reported, it must not vanish.
CREATE TABLE pending_sign_ups (
  id           BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
  email        TEXT    NOT NULL,
  email_key    TEXT    NOT NULL,
  basis        TEXT    NOT NULL CHECK (basis IN ('domain', 'invitation')),
  basis_id     BLOB    NOT NULL,
  tenant_id    BLOB    NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  kid          TEXT    NOT NULL,
  expire_time  INTEGER NOT NULL,
  mail_time    INTEGER,
  mail_count   INTEGER NOT NULL DEFAULT 0,
  create_time  INTEGER NOT NULL,
  UNIQUE (email_key, basis, basis_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
  id                BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
  tenant_id         BLOB    NOT NULL,
  user_id           BLOB    NOT NULL,
  counter           INTEGER NOT NULL,
  kid               TEXT    NOT NULL,
  rotated_time      INTEGER NOT NULL,
  idle_expire_time  INTEGER NOT NULL,
  expire_time       INTEGER NOT NULL,
  user_agent        TEXT    NOT NULL,
  ip                TEXT    NOT NULL,
  end_time          INTEGER,
  end_reason        TEXT,
  create_time       INTEGER NOT NULL,
  last_used_time    INTEGER NOT NULL,
  FOREIGN KEY (tenant_id, user_id) REFERENCES user_profiles (tenant_id, user_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expire ON sessions (expire_time);

-- The payload is sealed, and gone once the mail is sent or given up.
CREATE TABLE mail_outbox (
  id                 BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
  template           TEXT    NOT NULL,
  state              TEXT    NOT NULL CHECK (state IN ('pending', 'sent', 'dead')),
  sealed             BLOB,
  kid                TEXT    NOT NULL,
  attempts           INTEGER NOT NULL DEFAULT 0,
  next_attempt_time  INTEGER NOT NULL,
  last_error         TEXT,
  create_time        INTEGER NOT NULL,
  end_time           INTEGER,
  CONSTRAINT mail_outbox_sealed CHECK ((state = 'pending') = (sealed IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX mail_outbox_due ON mail_outbox (next_attempt_time) WHERE state = 'pending';
