//! Authority inside a transaction: the lock of the tenant, and then who the caller still is.

use super::Cx;
use crate::{
    access::{Caller, Scope},
    db::{Tx, sessions, tenants, users},
    model::{Error, Reason, Result, tenant::Tenant, user::User},
};

/// Takes the lock of roles, seats and states in the scope's tenant, and then checks the caller
/// again: while this waited, another transaction may have taken the authority away.
pub(super) async fn lock(cx: &Cx, tx: &mut Tx, scope: Scope) -> Result<Tenant> {
    let id = scope.tenant_id().ok_or_else(|| Error::internal("no tenant in the scope"))?;
    if !tenants::lock(tx, id).await? {
        return Err(Error::not_found("tenant"));
    }
    if let Caller::User(user) = &cx.caller {
        let standing =
            sessions::standing(tx, user.session_id, user.user_id, user.tenant_id).await?;
        match standing {
            Some(now) if now.live && now.role == user.role => {}
            Some(now) if now.live => return Err(stale()),
            _ => return Err(ended()),
        }
    }
    tenants::find(tx, id).await?.ok_or_else(|| Error::not_found("tenant"))
}

/// Locks the caller's own account, and then checks the caller again.
pub(super) async fn lock_own(cx: &Cx, tx: &mut Tx) -> Result<User> {
    let Caller::User(caller) = &cx.caller else {
        return Err(Error::internal("own rows without a person"));
    };
    users::lock(tx, caller.user_id).await?;
    sessions::standing(tx, caller.session_id, caller.user_id, caller.tenant_id)
        .await?
        .filter(|standing| standing.live)
        .ok_or_else(ended)?;
    users::find(tx, caller.user_id).await?.ok_or_else(ended)
}

/// The token says more, or less, than the caller is now.
pub(super) fn stale() -> Error {
    Error::new(
        Reason::CredentialStale,
        "The access token is older than the caller's membership. Refresh it.",
    )
}

/// Nothing live stands behind the token.
pub(super) fn ended() -> Error {
    Error::new(Reason::SessionEnded, "The session has ended. Sign in again.")
}
