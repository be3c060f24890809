//! Ends the caller's own membership in a tenant.

use crate::{
    access::Scope,
    db::{tenants, user_profiles},
    model::{Error, Result, id::TenantId},
    ops::{
        Cx, authority,
        membership::{self, Ending},
    },
};

/// Whichever tenant is active. Without another membership the account goes too.
pub async fn leave_tenant(cx: &Cx, scope: Scope, tenant: TenantId) -> Result<()> {
    let not_found = || Error::not_found("tenant");
    cx.write(scope, async |tx| {
        let user = authority::lock_own(cx, tx).await?;
        let held = user_profiles::find(tx, tenant, user.id).await?.ok_or_else(not_found)?;
        let member = Scope::member(user.id, &held).ok_or_else(not_found)?;
        tx.enter(member).await?;
        tenants::lock(tx, tenant).await?;
        // The role may have changed while this waited.
        let profile = user_profiles::find(tx, tenant, user.id).await?;
        membership::end(cx, tx, &profile.ok_or_else(not_found)?, Ending::Left).await
    })
    .await
}
