//! Makes a missing profile, and in an emergency gives an existing one a role.

use crate::{
    access::Scope,
    db::{Tx, events, tenants, user_profiles, users},
    model::{
        Error, Reason, Result,
        event::{EventKind, NewEvent},
        id::{TenantId, UserId},
        profile::{Profile, ProfileState},
        request_key::RequestKey,
        role::Role,
        tenant::{Tenant, TenantState},
        text::DisplayName,
        user::User,
    },
    ops::{Cx, authority, idempotency, membership, seat},
};

pub struct CreateProfile {
    pub user_id: UserId,
    /// Set on a profile that exists, too: the operator's break-glass.
    pub role: Option<Role>,
    /// The home tenant when left out.
    pub tenant_id: Option<TenantId>,
    pub request: Option<RequestKey>,
    pub validate_only: bool,
}

pub struct CreatedProfile {
    pub profile: Profile,
    /// `false` when the profile was there.
    pub created: bool,
    /// Done by an earlier request of the same name.
    pub replayed: bool,
}

/// Idempotent. A role that changes is audited as break-glass.
pub async fn create_profile(cx: &Cx, scope: Scope, input: CreateProfile) -> Result<CreatedProfile> {
    let input = &input;
    cx.write_unless(input.validate_only, scope, async |tx| {
        match idempotency::made_before(cx, tx, input.request.as_ref()).await? {
            Some(tenant) => find(tx, input.user_id, tenant).await,
            None => make(cx, tx, input).await,
        }
    })
    .await
}

/// The profile that an earlier request made or found, as it is now.
async fn find(tx: &mut Tx, user: UserId, tenant: TenantId) -> Result<CreatedProfile> {
    let profile = user_profiles::find(tx, tenant, user).await?;
    let profile = profile.ok_or_else(|| Error::not_found("user"))?;
    Ok(CreatedProfile { profile, created: false, replayed: true })
}

async fn make(cx: &Cx, tx: &mut Tx, input: &CreateProfile) -> Result<CreatedProfile> {
    let no_user = || Error::not_found("user");
    if !users::lock(tx, input.user_id).await? {
        return Err(no_user());
    }
    let user = users::find(tx, input.user_id).await?.ok_or_else(no_user)?;
    let tenant = input.tenant_id.unwrap_or(user.tenant_id);
    if !tenants::lock(tx, tenant).await? {
        return Err(Error::not_found("tenant"));
    }
    authority::confirm(cx, tx).await?;
    let tenant = tenants::find(tx, tenant).await?.ok_or_else(|| Error::not_found("tenant"))?;
    idempotency::record(cx, tx, input.request.as_ref(), tenant.id).await?;
    if let Some(profile) = user_profiles::find(tx, tenant.id, user.id).await? {
        let profile = match input.role {
            Some(role) if role != profile.role => set_role(cx, tx, profile, role).await?,
            _ => profile,
        };
        return Ok(CreatedProfile { profile, created: false, replayed: false });
    }
    if tenant.id != user.tenant_id {
        require_open(tx, &tenant).await?;
    }
    let role = input.role.unwrap_or(Role::Member);
    let profile = insert(cx, tx, &user, tenant.id, role).await?;
    Ok(CreatedProfile { profile, created: true, replayed: false })
}

/// A missing home profile is always made; any other is a new membership, which needs an active
/// tenant and a free seat.
async fn require_open(tx: &mut Tx, tenant: &Tenant) -> Result<()> {
    if tenant.state != TenantState::Active {
        return Err(Error::new(Reason::TenantInactive, "The tenant is not active."));
    }
    seat::require_free(tx, tenant).await
}

async fn insert(
    cx: &Cx,
    tx: &mut Tx,
    user: &User,
    tenant: TenantId,
    role: Role,
) -> Result<Profile> {
    let now = tx.now().await?;
    let position = events::next_position(tx).await?;
    let profile = Profile {
        tenant_id: tenant,
        user_id: user.id,
        email: user.email.clone(),
        display_name: DisplayName::default(),
        role,
        state: ProfileState::Active,
        mver: position,
        create_time: now,
        update_time: now,
    };
    user_profiles::insert(tx, &profile).await?;
    let event =
        NewEvent::new(EventKind::ProfileCreated, Some(tenant), user.id).with("role", role.as_str());
    events::insert(tx, position, &cx.actor(), &event).await?;
    Ok(profile)
}

async fn set_role(cx: &Cx, tx: &mut Tx, before: Profile, role: Role) -> Result<Profile> {
    let event = membership::role_changed(&before, role).with("break_glass", true);
    let profile = membership::set_role(tx, before, role).await?;
    events::append(tx, &cx.actor(), &event).await?;
    Ok(profile)
}
