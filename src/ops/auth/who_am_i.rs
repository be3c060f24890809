//! Tells callers who they are.

use crate::{
    access::{Caller, Scope},
    db::{user_profiles, users},
    model::{Error, Result, profile::Profile, tenant::Tenant, user::User},
    ops::{Cx, authority},
};

pub struct WhoAmI {
    pub user: User,
    /// The active tenant.
    pub tenant: Tenant,
    pub profile: Profile,
    /// Every tenant the user belongs to, the oldest membership first.
    pub memberships: Vec<(Profile, Tenant)>,
}

pub async fn who_am_i(cx: &Cx, scope: Scope, (): ()) -> Result<WhoAmI> {
    let Caller::User(caller) = &cx.caller else {
        return Err(Error::internal("who-am-i without a session"));
    };
    cx.read(scope, async |tx| {
        let user = users::find(tx, caller.user_id).await?.ok_or_else(authority::ended)?;
        let memberships = user_profiles::memberships(tx, caller.user_id).await?;
        let (profile, tenant) = memberships
            .iter()
            .find(|(profile, _)| profile.tenant_id == caller.tenant_id)
            .cloned()
            .ok_or_else(authority::ended)?;
        Ok(WhoAmI { user, tenant, profile, memberships })
    })
    .await
}
