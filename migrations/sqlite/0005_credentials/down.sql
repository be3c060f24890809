-- why: back to a database without credentials; the keyring is lost, and with it what it signed and sealed.
DROP TABLE api_keys;
DROP TABLE keys;
