-- why: everything else belongs to a tenant, and a verified domain decides which one.
CREATE TABLE tenants (
  id            uuid        NOT NULL PRIMARY KEY,
  slug          text        NOT NULL UNIQUE,
  display_name  text        NOT NULL,
  state         text        NOT NULL CHECK (state IN ('active', 'suspended', 'deleted')),
  enrollment    text        NOT NULL CHECK (enrollment IN ('domain', 'invite_only', 'closed')),
  default_role  text        NOT NULL CHECK (default_role IN ('member')),
  seat_limit    integer     CHECK (seat_limit > 0),
  mfa_required  boolean     NOT NULL DEFAULT false,
  home_url      text        NOT NULL DEFAULT '',
  version       bigint      NOT NULL DEFAULT 0,
  create_time   timestamptz NOT NULL,
  update_time   timestamptz NOT NULL
);

CREATE TABLE tenant_domains (
  id                  uuid        NOT NULL PRIMARY KEY,
  tenant_id           uuid        NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  domain              text        NOT NULL,
  include_subdomains  boolean     NOT NULL,
  state               text        NOT NULL CHECK (state IN ('pending', 'verified')),
  challenge           text,
  verified_time       timestamptz,
  create_time         timestamptz NOT NULL,
  UNIQUE (tenant_id, domain),
  CONSTRAINT tenant_domains_verified CHECK ((state = 'verified') = (verified_time IS NOT NULL))
);
-- Anyone may claim a domain; only one tenant can have proven it.
CREATE UNIQUE INDEX tenant_domains_one_tenant ON tenant_domains (domain) WHERE state = 'verified';

-- One permissive policy a scope, never an OR: SQL promises no order of evaluation, and a cast in the
-- wrong branch would fail. The (SELECT ...) makes the setting be read once a query, not once a row.
ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenants FORCE ROW LEVEL SECURITY;
CREATE POLICY tenants_tenant ON tenants
  USING (id = (SELECT nullif(current_setting('reeve.tenant_id', true), '')::uuid));
CREATE POLICY tenants_system ON tenants
  USING ((SELECT current_setting('reeve.system', true)) = 'on');

ALTER TABLE tenant_domains ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenant_domains FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_domains_tenant ON tenant_domains
  USING (tenant_id = (SELECT nullif(current_setting('reeve.tenant_id', true), '')::uuid));
CREATE POLICY tenant_domains_system ON tenant_domains
  USING ((SELECT current_setting('reeve.system', true)) = 'on');
