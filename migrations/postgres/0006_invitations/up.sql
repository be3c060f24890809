-- why: people are invited, some are not to come back by themselves, and a request may be sent twice.

-- invited_by and accepted_by have no foreign key on purpose: the record outlives whom it names.
-- delivery is how the current token left: only one that was mailed proves a mailbox.
CREATE TABLE invitation_tokens (
  id            uuid        NOT NULL PRIMARY KEY,
  tenant_id     uuid        NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  email         text        NOT NULL,
  email_key     text        NOT NULL,
  role          text        NOT NULL CHECK (role IN ('owner', 'admin', 'member')),
  state         text        NOT NULL CHECK (state IN ('pending', 'accepted', 'declined', 'revoked', 'expired')),
  delivery      text        NOT NULL CHECK (delivery IN ('outbox', 'return_token')),
  token_hash    bytea       NOT NULL UNIQUE,
  token_time    timestamptz NOT NULL,
  resend_count  integer     NOT NULL DEFAULT 0,
  inviter_kind  text        NOT NULL CHECK (inviter_kind IN ('user', 'api_key', 'operator')),
  invited_by    uuid,
  accepted_by   uuid,
  expire_time   timestamptz NOT NULL,
  create_time   timestamptz NOT NULL,
  end_time      timestamptz,
  CONSTRAINT invitation_tokens_ended CHECK ((state = 'pending') = (end_time IS NULL)),
  CONSTRAINT invitation_tokens_accepted CHECK ((state = 'accepted') = (accepted_by IS NOT NULL))
);
CREATE UNIQUE INDEX invitation_tokens_one_pending ON invitation_tokens (tenant_id, email_key) WHERE state = 'pending';
CREATE INDEX invitation_tokens_tenant ON invitation_tokens (tenant_id, id);
CREATE INDEX invitation_tokens_email ON invitation_tokens (email_key);

-- Who was removed is not placed by domain again until invited.
CREATE TABLE departures (
  tenant_id    uuid        NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  email_key    text        NOT NULL,
  create_time  timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, email_key)
);

-- scope_id is the tenant or the person that the request ran for; all zeros for the platform.
-- made is what the request made; empty only inside the transaction that makes it.
CREATE TABLE idempotency (
  principal_id  uuid        NOT NULL,
  scope_id      uuid        NOT NULL,
  request_id    uuid        NOT NULL,
  kid           text        NOT NULL,
  tag           bytea       NOT NULL,
  made          uuid,
  expire_time   timestamptz NOT NULL,
  PRIMARY KEY (principal_id, scope_id, request_id)
);
CREATE INDEX idempotency_expire ON idempotency (expire_time);

ALTER TABLE keys DROP CONSTRAINT keys_purpose_check;
ALTER TABLE keys ADD CONSTRAINT keys_purpose_check
  CHECK (purpose IN ('signing', 'page_token', 'refresh', 'sign_up', 'mail', 'idempotency'));

ALTER TABLE invitation_tokens ENABLE ROW LEVEL SECURITY;
ALTER TABLE invitation_tokens FORCE ROW LEVEL SECURITY;
CREATE POLICY invitation_tokens_tenant ON invitation_tokens
  USING (tenant_id = (SELECT nullif(current_setting('reeve.tenant_id', true), '')::uuid));
-- An invitation is its addressee's own once the address is proven.
CREATE POLICY invitation_tokens_own ON invitation_tokens FOR SELECT
  USING (email_key = (SELECT u.email_key FROM users u WHERE u.verified_time IS NOT NULL
    AND u.id = (SELECT nullif(current_setting('reeve.user_id', true), '')::uuid)));
CREATE POLICY invitation_tokens_system ON invitation_tokens
  USING ((SELECT current_setting('reeve.system', true)) = 'on');

-- Who is invited sees who invites. Only in the Own scope: there the subquery finds own invitations alone.
CREATE POLICY tenants_invited ON tenants FOR SELECT
  USING ((SELECT nullif(current_setting('reeve.user_id', true), '')) IS NOT NULL
    AND EXISTS (SELECT FROM invitation_tokens i WHERE i.tenant_id = tenants.id AND i.state = 'pending'));
-- People may lock their own account, so that memberships change one at a time; they still write nothing of it.
CREATE POLICY users_own_lock ON users FOR UPDATE
  USING (id = (SELECT nullif(current_setting('reeve.user_id', true), '')::uuid)) WITH CHECK (false);

ALTER TABLE departures ENABLE ROW LEVEL SECURITY;
ALTER TABLE departures FORCE ROW LEVEL SECURITY;
CREATE POLICY departures_tenant ON departures
  USING (tenant_id = (SELECT nullif(current_setting('reeve.tenant_id', true), '')::uuid));
CREATE POLICY departures_system ON departures
  USING ((SELECT current_setting('reeve.system', true)) = 'on');

ALTER TABLE idempotency ENABLE ROW LEVEL SECURITY;
ALTER TABLE idempotency FORCE ROW LEVEL SECURITY;
CREATE POLICY idempotency_tenant ON idempotency
  USING (scope_id = (SELECT nullif(current_setting('reeve.tenant_id', true), '')::uuid));
CREATE POLICY idempotency_own ON idempotency
  USING (scope_id = (SELECT nullif(current_setting('reeve.user_id', true), '')::uuid));
CREATE POLICY idempotency_system ON idempotency
  USING ((SELECT current_setting('reeve.system', true)) = 'on');
