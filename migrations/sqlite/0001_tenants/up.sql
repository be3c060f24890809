-- why: everything else belongs to a tenant, and a verified domain decides which one.
CREATE TABLE tenants (
  id            BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
  slug          TEXT    NOT NULL UNIQUE,
  display_name  TEXT    NOT NULL,
  state         TEXT    NOT NULL CHECK (state IN ('active', 'suspended', 'deleted')),
  enrollment    TEXT    NOT NULL CHECK (enrollment IN ('domain', 'invite_only', 'closed')),
  default_role  TEXT    NOT NULL CHECK (default_role IN ('member')),
  seat_limit    INTEGER CHECK (seat_limit > 0),
  mfa_required  INTEGER NOT NULL DEFAULT 0 CHECK (mfa_required IN (0, 1)),
  home_url      TEXT    NOT NULL DEFAULT '',
  version       INTEGER NOT NULL DEFAULT 0,
  create_time   INTEGER NOT NULL,
  update_time   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE tenant_domains (
  id                  BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
  tenant_id           BLOB    NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  domain              TEXT    NOT NULL,
  include_subdomains  INTEGER NOT NULL CHECK (include_subdomains IN (0, 1)),
  state               TEXT    NOT NULL CHECK (state IN ('pending', 'verified')),
  challenge           TEXT,
  verified_time       INTEGER,
  create_time         INTEGER NOT NULL,
  UNIQUE (tenant_id, domain),
  CONSTRAINT tenant_domains_verified CHECK ((state = 'verified') = (verified_time IS NOT NULL))
) STRICT, WITHOUT ROWID;
-- Anyone may claim a domain; only one tenant can have proven it.
CREATE UNIQUE INDEX tenant_domains_one_tenant ON tenant_domains (domain) WHERE state = 'verified';
