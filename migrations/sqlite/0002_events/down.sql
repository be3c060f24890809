-- why: back to tenants alone; the history is lost.
DROP TABLE events;
DROP TABLE event_head;
