-- why: back to sign-up by domain alone; invitations, and who was removed for good, are lost.
DROP POLICY users_own_lock ON users;
DROP POLICY tenants_invited ON tenants;
DROP TABLE idempotency;
DROP TABLE departures;
DROP TABLE invitation_tokens;
DELETE FROM pending_sign_ups WHERE basis = 'invitation';
DELETE FROM keys WHERE purpose = 'idempotency';
ALTER TABLE keys DROP CONSTRAINT keys_purpose_check;
ALTER TABLE keys ADD CONSTRAINT keys_purpose_check
  CHECK (purpose IN ('signing', 'page_token', 'refresh', 'sign_up', 'mail'));
