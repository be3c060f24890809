//! Ends somebody's membership.

use crate::{
    access::Scope,
    db::{user_profiles, users},
    model::{Error, Result, id::UserId},
    ops::{
        Cx, authority,
        membership::{self, Ending},
    },
};

/// The person keeps the memberships elsewhere; without any, the account goes too. A person of
/// another tenant and one that does not exist are the same answer.
pub async fn remove_user(cx: &Cx, scope: Scope, id: UserId) -> Result<()> {
    let not_found = || Error::not_found("user");
    cx.write(scope, async |tx| {
        if !users::lock(tx, id).await? {
            return Err(not_found());
        }
        let tenant = authority::lock(cx, tx, scope).await?;
        // Read only now: while this waited, the membership may have ended.
        let profile = user_profiles::find(tx, tenant.id, id).await?.ok_or_else(not_found)?;
        authority::require_rank(&cx.caller, profile.role)?;
        membership::end(cx, tx, &profile, Ending::Removed).await
    })
    .await
}
