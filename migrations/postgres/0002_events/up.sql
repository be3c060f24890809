-- why: every change leaves a row in commit order, written in the transaction of the change.
CREATE TABLE event_head (
  id        smallint NOT NULL PRIMARY KEY CHECK (id = 1),
  position  bigint   NOT NULL
);
INSERT INTO event_head (id, position) VALUES (1, 0);

CREATE TABLE events (
  position          bigint      NOT NULL PRIMARY KEY,
  kind              text        NOT NULL,
  tenant_id         uuid,
  subject_id        uuid,
  actor_kind        text        NOT NULL CHECK (actor_kind IN ('anonymous', 'user', 'api_key', 'operator', 'system', 'trigger')),
  actor_id          uuid,
  request_id        text,
  resource_version  bigint,
  data              jsonb       NOT NULL DEFAULT '{}',
  create_time       timestamptz NOT NULL
);
CREATE INDEX events_tenant_position ON events (tenant_id, position);

CREATE FUNCTION events_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'events are append-only: % is refused', TG_OP USING ERRCODE = 'restrict_violation';
END $$;
-- For each statement, so that rows hidden by row-level security do not turn the refusal into "0 rows".
CREATE TRIGGER events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON events
  FOR EACH STATEMENT EXECUTE FUNCTION events_append_only();

-- Whoever has a scope may advance the head: no event can be appended without it.
ALTER TABLE event_head ENABLE ROW LEVEL SECURITY;
ALTER TABLE event_head FORCE ROW LEVEL SECURITY;
CREATE POLICY event_head_tenant ON event_head
  USING ((SELECT nullif(current_setting('reeve.tenant_id', true), '')) IS NOT NULL);
CREATE POLICY event_head_own ON event_head
  USING ((SELECT nullif(current_setting('reeve.user_id', true), '')) IS NOT NULL);
CREATE POLICY event_head_system ON event_head
  USING ((SELECT current_setting('reeve.system', true)) = 'on');

ALTER TABLE events ENABLE ROW LEVEL SECURITY;
ALTER TABLE events FORCE ROW LEVEL SECURITY;
CREATE POLICY events_tenant ON events
  USING (tenant_id = (SELECT nullif(current_setting('reeve.tenant_id', true), '')::uuid));
-- The Own scope appends what a user does or what is done to the account, and reads nothing.
CREATE POLICY events_own ON events FOR INSERT
  WITH CHECK ((SELECT nullif(current_setting('reeve.user_id', true), '')::uuid) IN (actor_id, subject_id));
CREATE POLICY events_system ON events
  USING ((SELECT current_setting('reeve.system', true)) = 'on');
