//! Ends the caller's own membership in a tenant.

use crate::{
    access::{Caller, Scope},
    db::{tenants, user_profiles, users},
    model::{Error, Result, id::TenantId},
    ops::{
        Cx, authority,
        membership::{self, Ending},
    },
};

/// Whichever tenant is active. Without another membership the account goes too.
pub async fn leave_tenant(cx: &Cx, scope: Scope, tenant: TenantId) -> Result<()> {
    let Caller::User(caller) = &cx.caller else {
        return Err(Error::internal("leaving a tenant without a session"));
    };
    let not_found = || Error::not_found("tenant");
    cx.write(scope, async |tx| {
        if !users::lock(tx, caller.user_id).await? {
            return Err(authority::ended());
        }
        authority::confirm(cx, tx).await?;
        let held = user_profiles::find(tx, tenant, caller.user_id).await?;
        let held = held.ok_or_else(not_found)?;
        let member = Scope::member(caller.user_id, &held).ok_or_else(not_found)?;
        tx.enter(member).await?;
        tenants::lock(tx, tenant).await?;
        // The role may have changed while this waited.
        let profile = user_profiles::find(tx, tenant, caller.user_id).await?;
        membership::end(cx, tx, &profile.ok_or_else(not_found)?, Ending::Left).await
    })
    .await
}
