-- why: accounts and their profiles, with the fences that let no user be committed without a home profile.

-- Both foreign keys are deferred, so that the profile can come first and COMMIT decides.
-- Time by julianday, which every SQLite shell has; it counts milliseconds.
CREATE TABLE users (
  id             BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
  email          TEXT    NOT NULL,
  email_key      TEXT    NOT NULL UNIQUE,
  password_hash  TEXT,
  tenant_id      BLOB    NOT NULL REFERENCES tenants (id) ON DELETE RESTRICT,
  state          TEXT    NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'suspended')),
  verified_time  INTEGER,
  source         TEXT    NOT NULL DEFAULT 'native',
  external_id    TEXT,
  create_time    INTEGER NOT NULL DEFAULT (CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000),
  update_time    INTEGER NOT NULL DEFAULT (CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000),
  UNIQUE (source, external_id),
  CONSTRAINT users_home_profile FOREIGN KEY (tenant_id, id) REFERENCES user_profiles (tenant_id, user_id)
    DEFERRABLE INITIALLY DEFERRED
) STRICT, WITHOUT ROWID;

CREATE TABLE user_profiles (
  tenant_id     BLOB    NOT NULL REFERENCES tenants (id),
  user_id       BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
  role          TEXT    NOT NULL CHECK (role IN ('owner', 'admin', 'member')),
  display_name  TEXT    NOT NULL DEFAULT '',
  state         TEXT    NOT NULL CHECK (state IN ('active', 'suspended')),
  mver          INTEGER NOT NULL,
  create_time   INTEGER NOT NULL DEFAULT (CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000),
  update_time   INTEGER NOT NULL DEFAULT (CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000),
  PRIMARY KEY (tenant_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX user_profiles_user ON user_profiles (user_id);

-- A head without its row makes the subquery NULL, which NOT NULL refuses.
CREATE TRIGGER on_auth_user_created AFTER INSERT ON users FOR EACH ROW
WHEN NOT EXISTS (SELECT 1 FROM user_profiles WHERE tenant_id = NEW.tenant_id AND user_id = NEW.id) BEGIN
  UPDATE event_head SET position = position + 1 WHERE id = 1;
  INSERT INTO user_profiles (tenant_id, user_id, role, display_name, state, mver)
  VALUES (NEW.tenant_id, NEW.id, 'member', '', 'active', (SELECT position FROM event_head WHERE id = 1));
  INSERT INTO events (position, kind, tenant_id, subject_id, actor_kind, data, create_time)
  SELECT position, 'user.created', NEW.tenant_id, NEW.id, 'trigger', '{}',
         CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000
    FROM event_head WHERE id = 1;
END;

-- The same fence for shells that run with foreign keys off. A cascade passes: the user is gone by then.
CREATE TRIGGER user_profiles_keep_home BEFORE DELETE ON user_profiles
WHEN EXISTS (SELECT 1 FROM users WHERE id = OLD.user_id AND tenant_id = OLD.tenant_id) BEGIN
  SELECT RAISE(ABORT, 'users_home_profile: the home profile cannot be removed without its user');
END;
CREATE TRIGGER user_profiles_keep_home_key BEFORE UPDATE OF tenant_id, user_id ON user_profiles
WHEN (NEW.tenant_id <> OLD.tenant_id OR NEW.user_id <> OLD.user_id)
 AND EXISTS (SELECT 1 FROM users WHERE id = OLD.user_id AND tenant_id = OLD.tenant_id) BEGIN
  SELECT RAISE(ABORT, 'users_home_profile: the home profile cannot be moved away from its user');
END;
CREATE TRIGGER users_keep_home BEFORE UPDATE OF id, tenant_id ON users
WHEN (NEW.id <> OLD.id OR NEW.tenant_id <> OLD.tenant_id)
 AND NOT EXISTS (SELECT 1 FROM user_profiles WHERE tenant_id = NEW.tenant_id AND user_id = NEW.id) BEGIN
  SELECT RAISE(ABORT, 'users_home_profile: the new home has no profile of this user');
END;
