-- why: back to tenants and events; accounts and profiles are lost, what happened to them stays in events.
DROP TRIGGER user_profiles_keep_home_key;
DROP TRIGGER user_profiles_keep_home;
DROP TABLE users;
DROP TABLE user_profiles;
