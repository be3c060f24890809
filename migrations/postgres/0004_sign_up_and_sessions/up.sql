-- why: an address is proven before there is an account, a sign-in lasts as a session, mail leaves after commit.

-- basis_id has no foreign key on purpose: a domain removed meanwhile is reported, it must not vanish.
CREATE TABLE pending_sign_ups (
  id           uuid        NOT NULL PRIMARY KEY,
  email        text        NOT NULL,
  email_key    text        NOT NULL,
  basis        text        NOT NULL CHECK (basis IN ('domain', 'invitation')),
  basis_id     uuid        NOT NULL,
  tenant_id    uuid        NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  kid          text        NOT NULL,
  expire_time  timestamptz NOT NULL,
  mail_time    timestamptz,
  mail_count   integer     NOT NULL DEFAULT 0,
  create_time  timestamptz NOT NULL,
  UNIQUE (email_key, basis, basis_id)
);

CREATE TABLE sessions (
  id                uuid        NOT NULL PRIMARY KEY,
  tenant_id         uuid        NOT NULL,
  user_id           uuid        NOT NULL,
  counter           bigint      NOT NULL,
  kid               text        NOT NULL,
  rotated_time      timestamptz NOT NULL,
  idle_expire_time  timestamptz NOT NULL,
  expire_time       timestamptz NOT NULL,
  user_agent        text        NOT NULL,
  ip                text        NOT NULL,
  end_time          timestamptz,
  end_reason        text,
  create_time       timestamptz NOT NULL,
  last_used_time    timestamptz NOT NULL,
  FOREIGN KEY (tenant_id, user_id) REFERENCES user_profiles (tenant_id, user_id) ON DELETE CASCADE
);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expire ON sessions (expire_time);

-- The payload is sealed, and gone once the mail is sent or given up.
CREATE TABLE mail_outbox (
  id                 uuid        NOT NULL PRIMARY KEY,
  template           text        NOT NULL,
  state              text        NOT NULL CHECK (state IN ('pending', 'sent', 'dead')),
  sealed             bytea,
  kid                text        NOT NULL,
  attempts           integer     NOT NULL DEFAULT 0,
  next_attempt_time  timestamptz NOT NULL,
  last_error         text,
  create_time        timestamptz NOT NULL,
  end_time           timestamptz,
  CONSTRAINT mail_outbox_sealed CHECK ((state = 'pending') = (sealed IS NOT NULL))
);
CREATE INDEX mail_outbox_due ON mail_outbox (next_attempt_time) WHERE state = 'pending';

ALTER TABLE pending_sign_ups ENABLE ROW LEVEL SECURITY;
ALTER TABLE pending_sign_ups FORCE ROW LEVEL SECURITY;
CREATE POLICY pending_sign_ups_tenant ON pending_sign_ups
  USING (tenant_id = (SELECT nullif(current_setting('reeve.tenant_id', true), '')::uuid));
CREATE POLICY pending_sign_ups_system ON pending_sign_ups
  USING ((SELECT current_setting('reeve.system', true)) = 'on');

ALTER TABLE sessions ENABLE ROW LEVEL SECURITY;
ALTER TABLE sessions FORCE ROW LEVEL SECURITY;
CREATE POLICY sessions_tenant ON sessions
  USING (tenant_id = (SELECT nullif(current_setting('reeve.tenant_id', true), '')::uuid));
CREATE POLICY sessions_own ON sessions
  USING (user_id = (SELECT nullif(current_setting('reeve.user_id', true), '')::uuid));
CREATE POLICY sessions_system ON sessions
  USING ((SELECT current_setting('reeve.system', true)) = 'on');

ALTER TABLE mail_outbox ENABLE ROW LEVEL SECURITY;
ALTER TABLE mail_outbox FORCE ROW LEVEL SECURITY;
CREATE POLICY mail_outbox_system ON mail_outbox
  USING ((SELECT current_setting('reeve.system', true)) = 'on');
