-- why: every change leaves a row in commit order, written in the transaction of the change.
CREATE TABLE event_head (
  id        INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
  position  INTEGER NOT NULL
) STRICT;
INSERT INTO event_head (id, position) VALUES (1, 0);

CREATE TABLE events (
  position          INTEGER NOT NULL PRIMARY KEY,
  kind              TEXT    NOT NULL,
  tenant_id         BLOB,
  subject_id        BLOB,
  actor_kind        TEXT    NOT NULL CHECK (actor_kind IN ('anonymous', 'user', 'api_key', 'operator', 'system', 'trigger')),
  actor_id          BLOB,
  request_id        TEXT,
  resource_version  INTEGER,
  data              TEXT    NOT NULL DEFAULT '{}' CHECK (json_valid(data)),
  create_time       INTEGER NOT NULL
) STRICT;
CREATE INDEX events_tenant_position ON events (tenant_id, position);

CREATE TRIGGER events_no_update BEFORE UPDATE ON events BEGIN
  SELECT RAISE(ABORT, 'events are append-only: UPDATE is refused');
END;
CREATE TRIGGER events_no_delete BEFORE DELETE ON events BEGIN
  SELECT RAISE(ABORT, 'events are append-only: DELETE is refused');
END;
-- INSERT OR REPLACE deletes without firing the trigger above.
CREATE TRIGGER events_no_replace BEFORE INSERT ON events
WHEN EXISTS (SELECT 1 FROM events WHERE position = NEW.position) BEGIN
  SELECT RAISE(ABORT, 'events are append-only: the position is taken');
END;
