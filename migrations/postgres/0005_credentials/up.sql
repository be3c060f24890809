-- why: the sealed keyring that replicas share, and the hashed keys by which programs call.
CREATE TABLE keys (
  id             uuid        NOT NULL PRIMARY KEY,
  purpose        text        NOT NULL CHECK (purpose IN ('signing', 'page_token', 'refresh', 'sign_up', 'mail')),
  state          text        NOT NULL CHECK (state IN ('active', 'next', 'retired')),
  algorithm      text        NOT NULL,
  sealed         bytea       NOT NULL,
  public         bytea,
  create_time    timestamptz NOT NULL,
  activate_time  timestamptz,
  retire_time    timestamptz
);
-- Replicas that start together make one ring: the loser of the race reads the winner's key.
CREATE UNIQUE INDEX keys_one_active ON keys (purpose) WHERE state = 'active';
CREATE UNIQUE INDEX keys_one_next ON keys (purpose) WHERE state = 'next';

-- No tenant means a key of the platform, which has no role in a tenant.
CREATE TABLE api_keys (
  id              uuid        NOT NULL PRIMARY KEY,
  tenant_id       uuid        REFERENCES tenants (id) ON DELETE CASCADE,
  name            text        NOT NULL,
  role            text        CHECK (role IN ('owner', 'admin', 'member')),
  scopes          jsonb       NOT NULL DEFAULT '[]',
  hash            bytea       NOT NULL UNIQUE,
  created_by      uuid,
  expire_time     timestamptz,
  last_used_time  timestamptz,
  revoke_time     timestamptz,
  create_time     timestamptz NOT NULL,
  CONSTRAINT api_keys_platform CHECK ((tenant_id IS NULL) = (role IS NULL))
);

ALTER TABLE keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE keys FORCE ROW LEVEL SECURITY;
CREATE POLICY keys_system ON keys
  USING ((SELECT current_setting('reeve.system', true)) = 'on');

ALTER TABLE api_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE api_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY api_keys_tenant ON api_keys
  USING (tenant_id = (SELECT nullif(current_setting('reeve.tenant_id', true), '')::uuid));
CREATE POLICY api_keys_system ON api_keys
  USING ((SELECT current_setting('reeve.system', true)) = 'on');
