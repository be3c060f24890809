//! Which tenant an address belongs to, by its verified domain.

use crate::{
    db::{Tx, departures, tenant_domains},
    model::{Error, Reason, Result, email::EmailAddress, placement::DomainMatch},
};

/// The longest verified name that covers the address: its own domain, or a parent that was
/// registered with its sub-domains.
pub async fn by_domain(tx: &mut Tx, email: &EmailAddress) -> Result<Option<DomainMatch>> {
    let names = email.domain().with_parents();
    let found = tenant_domains::find_verified(tx, &names).await?;
    Ok(found
        .into_iter()
        .map(|(domain, tenant)| {
            let exact = domain.domain == *email.domain();
            DomainMatch { domain, tenant, exact }
        })
        .filter(|found| found.exact || found.domain.include_subdomains)
        .max_by_key(|found| found.domain.domain.as_str().len()))
}

/// The match that takes the address in now, or the refusal that its owner is told.
pub async fn require(tx: &mut Tx, email: &EmailAddress) -> Result<DomainMatch> {
    let found = by_domain(tx, email).await?.filter(DomainMatch::admits).ok_or_else(unresolved)?;
    // Whom the tenant removed comes back by invitation alone.
    if departures::exists(tx, found.tenant.id, email.key()).await? {
        return Err(unresolved());
    }
    Ok(found)
}

/// The same for every cause: which tenants exist, and in which state, is not for strangers.
pub fn unresolved() -> Error {
    Error::new(
        Reason::TenantUnresolved,
        "Cannot determine tenant: no organisation takes in this address by its domain. \
         Ask your administrator for an invitation.",
    )
}
