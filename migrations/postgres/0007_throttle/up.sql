-- why: attempts are counted for all replicas together, and before it is known what they come to.

-- A bucket is the SHA-256 of what is counted, so that no address stands here. The counters are
-- worth nothing after a crash, so nobody waits for the disk to keep them.
CREATE UNLOGGED TABLE throttle (
  bucket       bytea       NOT NULL PRIMARY KEY CHECK (length(bucket) = 32),
  count        integer     NOT NULL CHECK (count >= 0),
  expire_time  timestamptz NOT NULL
);
CREATE INDEX throttle_expire ON throttle (expire_time);

ALTER TABLE throttle ENABLE ROW LEVEL SECURITY;
ALTER TABLE throttle FORCE ROW LEVEL SECURITY;
CREATE POLICY throttle_system ON throttle
  USING ((SELECT current_setting('reeve.system', true)) = 'on');
