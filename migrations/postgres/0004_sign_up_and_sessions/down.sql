-- why: back to accounts alone; sign-ups under way, sessions and unsent mail are lost.
DROP TABLE mail_outbox;
DROP TABLE sessions;
DROP TABLE pending_sign_ups;
