-- why: attempts are counted for all processes together, and before it is known what they come to.

-- A bucket is the SHA-256 of what is counted, so that no address stands here.
CREATE TABLE throttle (
  bucket       BLOB    NOT NULL PRIMARY KEY CHECK (length(bucket) = 32),
  count        INTEGER NOT NULL CHECK (count >= 0),
  expire_time  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX throttle_expire ON throttle (expire_time);
