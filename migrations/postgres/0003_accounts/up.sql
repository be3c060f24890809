-- why: accounts and their profiles, with the fences that let no user be committed without a home profile.
CREATE TABLE users (
  id             uuid        NOT NULL PRIMARY KEY,
  email          text        NOT NULL,
  email_key      text        NOT NULL UNIQUE,
  password_hash  text,
  tenant_id      uuid        NOT NULL REFERENCES tenants (id) ON DELETE RESTRICT,
  state          text        NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'suspended')),
  verified_time  timestamptz,
  source         text        NOT NULL DEFAULT 'native',
  external_id    text,
  create_time    timestamptz NOT NULL DEFAULT now(),
  update_time    timestamptz NOT NULL DEFAULT now(),
  UNIQUE (source, external_id)
);

CREATE TABLE user_profiles (
  tenant_id     uuid        NOT NULL REFERENCES tenants (id),
  user_id       uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
  role          text        NOT NULL CHECK (role IN ('owner', 'admin', 'member')),
  display_name  text        NOT NULL DEFAULT '',
  state         text        NOT NULL CHECK (state IN ('active', 'suspended')),
  mver          bigint      NOT NULL,
  create_time   timestamptz NOT NULL DEFAULT now(),
  update_time   timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, user_id)
);
CREATE INDEX user_profiles_user ON user_profiles (user_id);

-- Both foreign keys are deferred, so that the profile can come first and COMMIT decides.
ALTER TABLE users ADD CONSTRAINT users_home_profile
  FOREIGN KEY (tenant_id, id) REFERENCES user_profiles (tenant_id, user_id) DEFERRABLE INITIALLY DEFERRED;

-- For each statement: a per-row trigger that moves the event head is quadratic.
-- The lookup is a scalar subquery with sequential scans off, so that a plan cached for one row
-- is still an index lookup a row when the same session inserts 40 000.
-- ON CONFLICT names no target: with one, row-level security would also ask the SELECT policies.
CREATE FUNCTION on_auth_user_created() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET row_security = on SET enable_seqscan = off AS $$
DECLARE
  missing  bigint;
  head     bigint;
BEGIN
  SELECT count(*) INTO missing FROM new_users u
   WHERE (SELECT p.user_id FROM user_profiles p WHERE p.tenant_id = u.tenant_id AND p.user_id = u.id) IS NULL;
  IF missing = 0 THEN
    RETURN NULL;
  END IF;

  UPDATE event_head SET position = position + missing WHERE id = 1 RETURNING position INTO STRICT head;

  WITH lacking AS MATERIALIZED (
    SELECT u.id, u.tenant_id, head - missing + row_number() OVER (ORDER BY u.id) AS position FROM new_users u
     WHERE (SELECT p.user_id FROM user_profiles p WHERE p.tenant_id = u.tenant_id AND p.user_id = u.id) IS NULL
  ), profiles AS (
    INSERT INTO user_profiles (tenant_id, user_id, role, display_name, state, mver)
    SELECT tenant_id, id, 'member', '', 'active', position FROM lacking
    ON CONFLICT DO NOTHING
  )
  INSERT INTO events (position, kind, tenant_id, subject_id, actor_kind, data, create_time)
  SELECT position, 'user.created', tenant_id, id, 'trigger', '{}', now() FROM lacking;
  RETURN NULL;
END $$;
-- The schema is the caller's choice. pg_temp goes last: unnamed it comes first, and a writer's temporary
-- table would be written to with the owner's rights. Nobody else may hang the function on a table of his.
DO $$ BEGIN
  EXECUTE format('ALTER FUNCTION on_auth_user_created() SET search_path = %I, pg_temp', current_schema());
END $$;
REVOKE ALL ON FUNCTION on_auth_user_created() FROM PUBLIC;
CREATE TRIGGER on_auth_user_created AFTER INSERT ON users REFERENCING NEW TABLE AS new_users
  FOR EACH STATEMENT EXECUTE FUNCTION on_auth_user_created();

-- Without a scope an INSERT is an error, but an UPDATE or DELETE would report 0 rows and look done.
CREATE FUNCTION accounts_need_scope() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF row_security_active(TG_RELID)
     AND coalesce(current_setting('reeve.system', true), '') <> 'on'
     AND coalesce(current_setting('reeve.tenant_id', true), '') = ''
     AND coalesce(current_setting('reeve.user_id', true), '') = ''
  THEN
    RAISE EXCEPTION '% on % without a scope is refused', TG_OP, TG_TABLE_NAME
      USING ERRCODE = 'insufficient_privilege', HINT = 'SET reeve.system = ''on'' first.';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER users_need_scope BEFORE UPDATE OR DELETE ON users
  FOR EACH STATEMENT EXECUTE FUNCTION accounts_need_scope();
CREATE TRIGGER user_profiles_need_scope BEFORE UPDATE OR DELETE ON user_profiles
  FOR EACH STATEMENT EXECUTE FUNCTION accounts_need_scope();

ALTER TABLE users ENABLE ROW LEVEL SECURITY;
ALTER TABLE users FORCE ROW LEVEL SECURITY;
-- A user is nobody's property: a tenant sees who has a profile in it. No policy of user_profiles asks users.
CREATE POLICY users_tenant ON users
  USING (EXISTS (SELECT FROM user_profiles p WHERE p.user_id = users.id
    AND p.tenant_id = (SELECT nullif(current_setting('reeve.tenant_id', true), '')::uuid)));
-- People read their own rows in this scope; what changes them runs in another.
CREATE POLICY users_own ON users FOR SELECT
  USING (id = (SELECT nullif(current_setting('reeve.user_id', true), '')::uuid));
CREATE POLICY users_system ON users
  USING ((SELECT current_setting('reeve.system', true)) = 'on');

ALTER TABLE user_profiles ENABLE ROW LEVEL SECURITY;
ALTER TABLE user_profiles FORCE ROW LEVEL SECURITY;
CREATE POLICY user_profiles_tenant ON user_profiles
  USING (tenant_id = (SELECT nullif(current_setting('reeve.tenant_id', true), '')::uuid));
CREATE POLICY user_profiles_own ON user_profiles FOR SELECT
  USING (user_id = (SELECT nullif(current_setting('reeve.user_id', true), '')::uuid));
CREATE POLICY tenants_own ON tenants FOR SELECT
  USING (EXISTS (SELECT FROM user_profiles p WHERE p.tenant_id = tenants.id
    AND p.user_id = (SELECT nullif(current_setting('reeve.user_id', true), '')::uuid)));
CREATE POLICY user_profiles_system ON user_profiles
  USING ((SELECT current_setting('reeve.system', true)) = 'on');

-- What the trigger itself may do, whatever scope the writer has: FORCE binds the owner too.
CREATE POLICY user_profiles_fence_read ON user_profiles FOR SELECT TO CURRENT_USER USING (pg_trigger_depth() > 0);
CREATE POLICY user_profiles_fence ON user_profiles FOR INSERT TO CURRENT_USER WITH CHECK (pg_trigger_depth() > 0);
CREATE POLICY events_fence ON events FOR INSERT TO CURRENT_USER WITH CHECK (pg_trigger_depth() > 0);
CREATE POLICY event_head_fence_read ON event_head FOR SELECT TO CURRENT_USER USING (pg_trigger_depth() > 0);
CREATE POLICY event_head_fence ON event_head FOR UPDATE TO CURRENT_USER USING (pg_trigger_depth() > 0);
