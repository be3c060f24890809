//! Claims a domain for a tenant, on an operator's word.

use crate::{
    access::Scope,
    db::{Tx, events, tenant_domains},
    model::{
        Error, Reason, Result,
        domain::{DomainName, DomainState, TenantDomain},
        event::{EventKind, NewEvent},
        id::TenantId,
    },
    ops::{Cx, authority},
};

pub struct AddDomain {
    pub domain: DomainName,
    pub include_subdomains: bool,
    pub validate_only: bool,
}

/// Idempotent: claiming what the tenant has, in the same way, answers what it has.
pub async fn add_domain(cx: &Cx, scope: Scope, input: AddDomain) -> Result<TenantDomain> {
    let input = &input;
    cx.write_unless(input.validate_only, scope, async |tx| {
        let tenant = authority::lock(cx, tx, scope).await?.id;
        let claimed = claim(cx, tx, tenant, &input.domain, input.include_subdomains).await?;
        if claimed.is_new {
            append_added(cx, tx, &claimed.domain).await?;
        }
        Ok(claimed.domain)
    })
    .await
}

/// A claim that stands.
pub(super) struct Claimed {
    pub domain: TenantDomain,
    /// Written by this transaction.
    pub is_new: bool,
}

/// Appends the event of a claim; after all rows, because everybody wants its lock.
pub(super) async fn append_added(cx: &Cx, tx: &mut Tx, domain: &TenantDomain) -> Result<()> {
    let event = NewEvent::new(EventKind::DomainAdded, Some(domain.tenant_id), domain.id)
        .with("domain", domain.domain.as_str());
    events::append(tx, &cx.actor(), &event).await.map(drop)
}

/// Writes the claim, or refuses it with a reason.
pub(super) async fn claim(
    cx: &Cx,
    tx: &mut Tx,
    tenant: TenantId,
    name: &DomainName,
    include_subdomains: bool,
) -> Result<Claimed> {
    name.check_claimable("domain").map_err(|violation| {
        let cause = violation.reason;
        Error::invalid(vec![violation]).with("cause", cause).with("domain", name.as_str())
    })?;
    let now = tx.now().await?;
    let domain = TenantDomain {
        id: cx.new_id(),
        tenant_id: tenant,
        domain: name.clone(),
        include_subdomains,
        state: DomainState::Verified,
        verified_time: Some(now),
        create_time: now,
    };
    if tenant_domains::insert(tx, &domain).await? {
        return Ok(Claimed { domain, is_new: true });
    }
    let own = tenant_domains::find_by_name(tx, name).await?;
    own.filter(|own| own.tenant_id == tenant && own.include_subdomains == include_subdomains)
        .map(|domain| Claimed { domain, is_new: false })
        .ok_or_else(|| {
            Error::new(Reason::DomainTaken, "This domain is claimed already.")
                .with("domain", name.as_str())
        })
}
