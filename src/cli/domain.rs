//! `reeve domain add`.

use super::{
    args, connect,
    outcome::{Failure, Outcome},
    print, tenant,
};
use crate::{
    access::{Action, NamedTenant, authorize},
    config::Config,
    model::domain::{DomainName, TenantDomain},
    ops::tenant as ops,
};
use serde::Serialize;

#[derive(Serialize)]
pub(super) struct Shown {
    id: String,
    tenant_id: String,
    domain: String,
    include_subdomains: bool,
    state: &'static str,
}

impl From<&TenantDomain> for Shown {
    fn from(domain: &TenantDomain) -> Self {
        Self {
            id: domain.id.to_string(),
            tenant_id: domain.tenant_id.to_string(),
            domain: domain.domain.as_str().to_owned(),
            include_subdomains: domain.include_subdomains,
            state: domain.state.as_str(),
        }
    }
}

impl Shown {
    pub(super) fn text(&self) -> String {
        let below = if self.include_subdomains { " with its subdomains" } else { "" };
        format!("domain {}{below} is {}", self.domain, self.state)
    }
}

/// Idempotent, as the RPC is.
pub(super) async fn run(command: &args::Domain, config: &Config) -> Result<Outcome, Failure> {
    let args::Domain::Add { tenant_slug, domain, include_subdomains, output } = command;
    let input = ops::AddDomain {
        domain: DomainName::parse("DOMAIN", domain)?,
        include_subdomains: *include_subdomains,
        validate_only: false,
    };
    let cx = connect::open(config).await?;
    let tenant = tenant::find(&cx, tenant_slug).await?;
    let named = NamedTenant::Scope(Some(tenant.id));
    let scope = authorize(&cx.caller, Action::AddDomain, named, None)?;
    let added = Shown::from(&ops::add_domain(&cx, scope, input).await?);
    print::either(*output, &added, || added.text())?;
    Ok(Outcome::Done)
}
