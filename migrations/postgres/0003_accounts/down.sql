-- why: back to tenants and events; accounts and profiles are lost, what happened to them stays in events.
DROP POLICY event_head_fence ON event_head;
DROP POLICY event_head_fence_read ON event_head;
DROP POLICY events_fence ON events;
DROP POLICY tenants_own ON tenants;
DROP POLICY users_tenant ON users;
ALTER TABLE users DROP CONSTRAINT users_home_profile;
DROP TABLE user_profiles;
DROP TABLE users;
DROP FUNCTION accounts_need_scope();
DROP FUNCTION on_auth_user_created();
