//! Reads one person of a tenant.

use crate::{
    access::{Caller, Scope},
    db::{user_profiles, users},
    model::{
        Error, Result,
        id::UserId,
        profile::{Profile, ProfileView},
        role::Role,
        user::User,
    },
    ops::Cx,
};

pub struct FoundUser {
    /// The account; left out where the caller sees only the name.
    pub user: Option<User>,
    pub profile: ProfileView,
}

/// A person of another tenant and one that does not exist are the same answer.
pub async fn get_user(cx: &Cx, scope: Scope, id: UserId) -> Result<FoundUser> {
    let not_found = || Error::not_found("user");
    let tenant = scope.tenant_id().ok_or_else(|| Error::internal("no tenant in the scope"))?;
    let (user, profile) = cx
        .read(scope, async |tx| {
            let profile = user_profiles::find(tx, tenant, id).await?.ok_or_else(not_found)?;
            let user = users::find(tx, id).await?.ok_or_else(not_found)?;
            Ok((user, profile))
        })
        .await?;
    let profile = view(&cx.caller, profile);
    let user = matches!(profile, ProfileView::Full(_)).then_some(user);
    Ok(FoundUser { user, profile })
}

/// Members see themselves whole and of others the name and role.
pub(super) fn view(caller: &Caller, profile: Profile) -> ProfileView {
    let member = caller.role_in_tenant() == Some(Role::Member);
    if member && caller.user_id() != Some(profile.user_id) {
        ProfileView::name_only(profile)
    } else {
        ProfileView::Full(profile)
    }
}
