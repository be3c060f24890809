-- why: back to an empty schema; every tenant and domain is lost.
DROP TABLE tenant_domains;
DROP TABLE tenants;
