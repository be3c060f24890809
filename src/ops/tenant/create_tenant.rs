//! Makes a tenant, with the domains whose addresses it takes in.

use super::add_domain::{append_added, claim};
use crate::{
    access::Scope,
    db::{events, tenants},
    model::{
        Error, Reason, Result,
        domain::{DomainName, TenantDomain},
        event::{EventKind, NewEvent},
        role::Role,
        tenant::{Enrollment, HomeUrl, Slug, Tenant, TenantState},
        text::DisplayName,
    },
    ops::Cx,
};

pub struct CreateTenant {
    pub slug: Slug,
    pub display_name: DisplayName,
    pub home_url: HomeUrl,
    pub enrollment: Enrollment,
    pub seat_limit: Option<u32>,
    /// Asserted by the operator, so verified at once.
    pub domains: Vec<DomainName>,
    pub validate_only: bool,
}

pub struct CreatedTenant {
    pub tenant: Tenant,
    pub domains: Vec<TenantDomain>,
}

/// All or nothing: a domain that cannot be claimed leaves no tenant behind.
pub async fn create_tenant(cx: &Cx, scope: Scope, input: CreateTenant) -> Result<CreatedTenant> {
    let input = &input;
    cx.write_unless(input.validate_only, scope, async |tx| {
        let now = tx.now().await?;
        let tenant = Tenant {
            id: cx.new_id(),
            slug: input.slug.clone(),
            display_name: input.display_name.clone(),
            state: TenantState::Active,
            enrollment: input.enrollment,
            default_role: Role::Member,
            seat_limit: input.seat_limit,
            mfa_required: false,
            home_url: input.home_url.clone(),
            create_time: now,
            update_time: now,
        };
        if !tenants::insert(tx, &tenant).await? {
            return Err(Error::new(Reason::TenantSlugTaken, "A tenant with this slug exists.")
                .with("slug", input.slug.as_str()));
        }
        let mut domains = Vec::with_capacity(input.domains.len());
        for (index, name) in input.domains.iter().enumerate() {
            if !input.domains[..index].contains(name) {
                domains.push(claim(cx, tx, tenant.id, name, false).await?.domain);
            }
        }
        let event = NewEvent::new(EventKind::TenantCreated, Some(tenant.id), tenant.id);
        events::append(tx, &cx.actor(), &event).await?;
        for domain in &domains {
            append_added(cx, tx, domain).await?;
        }
        Ok(CreatedTenant { tenant, domains })
    })
    .await
}
