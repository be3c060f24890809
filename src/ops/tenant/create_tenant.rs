//! Makes a tenant, with the domains whose addresses it takes in.

use super::add_domain::{append_added, claim};
use crate::{
    access::Scope,
    db::{Tx, events, invitation_tokens, tenant_domains, tenants},
    model::{
        Error, Reason, Result,
        domain::{DomainName, TenantDomain},
        email::EmailAddress,
        event::{EventKind, NewEvent},
        id::TenantId,
        invitation::{Delivery, Invitation},
        request_key::RequestKey,
        role::Role,
        tenant::{Enrollment, HomeUrl, Slug, Tenant, TenantState},
        text::DisplayName,
    },
    ops::{
        Cx, authority, idempotency,
        invitation::{
            Expiry, admit,
            make::{self as invitation, NewInvitation},
        },
    },
    token,
};

pub struct CreateTenant {
    pub slug: Slug,
    pub display_name: DisplayName,
    pub home_url: HomeUrl,
    pub enrollment: Enrollment,
    pub seat_limit: Option<u32>,
    /// Asserted by the operator, so verified at once.
    pub domains: Vec<DomainName>,
    /// Invited by mail as the first owner.
    pub owner_email: Option<EmailAddress>,
    pub request: Option<RequestKey>,
    pub validate_only: bool,
}

pub struct CreatedTenant {
    pub tenant: Tenant,
    /// Those that were asked for, in that order.
    pub domains: Vec<TenantDomain>,
    /// The owner's, if one was invited.
    pub owner_invitation: Option<Invitation>,
    /// Made by an earlier request of the same name.
    pub replayed: bool,
}

/// All or nothing: a domain that cannot be claimed leaves no tenant behind, and no mail.
pub async fn create_tenant(cx: &Cx, scope: Scope, input: CreateTenant) -> Result<CreatedTenant> {
    let input = &input;
    let created = cx
        .write_unless(input.validate_only, scope, async |tx| {
            match idempotency::made_before(cx, tx, input.request.as_ref()).await? {
                Some(made) => find(tx, input, made).await,
                None => make(cx, tx, input).await,
            }
        })
        .await?;
    cx.app.outbox.notify_one();
    Ok(created)
}

async fn make(cx: &Cx, tx: &mut Tx, input: &CreateTenant) -> Result<CreatedTenant> {
    authority::confirm(cx, tx).await?;
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
    let owner_invitation = invite_owner(cx, tx, input, &tenant).await?;
    idempotency::record(cx, tx, input.request.as_ref(), tenant.id).await?;
    let event = NewEvent::new(EventKind::TenantCreated, Some(tenant.id), tenant.id);
    events::append(tx, &cx.actor(), &event).await?;
    for domain in &domains {
        append_added(cx, tx, domain).await?;
    }
    if let Some(invitation) = &owner_invitation {
        invitation::append(cx, tx, EventKind::InvitationCreated, invitation).await?;
    }
    Ok(CreatedTenant { tenant, domains, owner_invitation, replayed: false })
}

/// Nobody is a member yet and nobody is invited, so there is nothing else to check.
async fn invite_owner(
    cx: &Cx,
    tx: &mut Tx,
    input: &CreateTenant,
    tenant: &Tenant,
) -> Result<Option<Invitation>> {
    let Some(email) = &input.owner_email else { return Ok(None) };
    admit::require_open_tenant(tenant)?;
    let (token, hash) = token::new_invitation_token(cx.app.rng.as_ref());
    let new = NewInvitation {
        tenant,
        email,
        role: Role::Owner,
        expiry: Expiry::Default,
        delivery: Delivery::Outbox,
    };
    invitation::insert(cx, tx, &new, (&token, &hash)).await.map(Some)
}

/// The tenant that an earlier request made, as it is now, and what it still has of the domains.
async fn find(tx: &mut Tx, input: &CreateTenant, made: TenantId) -> Result<CreatedTenant> {
    let tenant = tenants::find(tx, made).await?.ok_or_else(|| Error::not_found("tenant"))?;
    let names: Vec<&str> = input.domains.iter().map(DomainName::as_str).collect();
    let claims = tenant_domains::find_verified(tx, &names).await?;
    let own = claims.into_iter().map(|(domain, _)| domain).filter(|own| own.tenant_id == made);
    let mut domains: Vec<TenantDomain> = own.collect();
    domains.sort_by_key(|own| names.iter().position(|name| *name == own.domain.as_str()));
    let owner_invitation = match &input.owner_email {
        Some(email) => invitation_tokens::find_first(tx, made, email.key()).await?,
        None => None,
    };
    Ok(CreatedTenant { tenant, domains, owner_invitation, replayed: true })
}
