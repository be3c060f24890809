-- why: the sealed keyring, and the hashed keys by which programs call.
CREATE TABLE keys (
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
-- Processes that start together make one ring: the loser of the race reads the winner's key.
CREATE UNIQUE INDEX keys_one_active ON keys (purpose) WHERE state = 'active';
CREATE UNIQUE INDEX keys_one_next ON keys (purpose) WHERE state = 'next';

-- No tenant means a key of the platform, which has no role in a tenant.
CREATE TABLE api_keys (
  id              BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
  tenant_id       BLOB    REFERENCES tenants (id) ON DELETE CASCADE,
  name            TEXT    NOT NULL,
  role            TEXT    CHECK (role IN ('owner', 'admin', 'member')),
  scopes          TEXT    NOT NULL DEFAULT '[]' CHECK (json_valid(scopes)),
  hash            BLOB    NOT NULL UNIQUE,
  created_by      BLOB,
  expire_time     INTEGER,
  last_used_time  INTEGER,
  revoke_time     INTEGER,
  create_time     INTEGER NOT NULL,
  CONSTRAINT api_keys_platform CHECK ((tenant_id IS NULL) = (role IS NULL))
) STRICT, WITHOUT ROWID;
