//! Authority inside a transaction: the lock of the tenant, and then who the caller still is.

use super::Cx;
use crate::{
    access::{Caller, Operator, Scope, SystemUse, UserCaller},
    db::{Tx, api_keys, sessions, tenants, users},
    model::{
        Error, Reason, Result, api_key::KeyStanding, id::ApiKeyId, role::Role, tenant::Tenant,
        user::User,
    },
};

/// Takes the lock of roles, seats and states in the scope's tenant, and then checks the caller
/// again: while this waited, another transaction may have taken the authority away.
pub(super) async fn lock(cx: &Cx, tx: &mut Tx, scope: Scope) -> Result<Tenant> {
    let id = scope.tenant_id().ok_or_else(|| Error::internal("no tenant in the scope"))?;
    if !tenants::lock(tx, id).await? {
        return Err(Error::not_found("tenant"));
    }
    confirm(cx, tx).await?;
    tenants::find(tx, id).await?.ok_or_else(|| Error::not_found("tenant"))
}

/// Checks the caller again, inside the transaction.
pub(super) async fn confirm(cx: &Cx, tx: &mut Tx) -> Result<()> {
    match &cx.caller {
        Caller::User(user) => confirm_user(tx, user).await,
        Caller::Key(key) => confirm_key(tx, key.key_id, Some(key.role)).await,
        // A key of the platform is no row of the tenant.
        Caller::Operator(Operator::Key { id, .. }) => {
            let everywhere = Scope::system(SystemUse::Authenticate);
            tx.within(everywhere, async |tx| confirm_key(tx, *id, None).await).await
        }
        Caller::Anonymous | Caller::Operator(Operator::CommandLine) => Ok(()),
    }
}

async fn confirm_user(tx: &mut Tx, user: &UserCaller) -> Result<()> {
    match sessions::standing(tx, user.session_id, user.user_id, user.tenant_id).await? {
        Some(now) if !now.live => Err(ended()),
        Some(now) if (now.role, now.mver) == (user.role, user.mver) => Ok(()),
        Some(_) => Err(stale()),
        None => Err(ended()),
    }
}

async fn confirm_key(tx: &mut Tx, id: ApiKeyId, role: Option<Role>) -> Result<()> {
    let now = api_keys::standing(tx, id).await?.filter(KeyStanding::may_act);
    if now.ok_or_else(invalid)?.role == role {
        return Ok(());
    }
    // A key has no version that could be stale: the next call is judged by what it is now.
    Err(Error::new(Reason::Conflict, "The key's authority has just changed. Try again."))
}

/// Refuses to grant a role above the caller's own, or to touch who has one. Operators stand
/// above every role.
pub(super) fn require_rank(caller: &Caller, role: Role) -> Result<()> {
    let own = caller.role_in_tenant();
    if matches!(caller, Caller::Operator(_)) || own >= Some(role) {
        return Ok(());
    }
    Err(Error::new(
        Reason::RoleTooHigh,
        "Nobody grants a role above their own, or changes who has one.",
    )
    .with("role", own.map_or("", Role::as_str)))
}

/// Locks the caller's own account, and then checks the caller again.
pub(super) async fn lock_own(cx: &Cx, tx: &mut Tx) -> Result<User> {
    let Caller::User(caller) = &cx.caller else {
        return Err(Error::internal("own rows without a person"));
    };
    users::lock(tx, caller.user_id).await?;
    confirm(cx, tx).await?;
    users::find(tx, caller.user_id).await?.ok_or_else(ended)
}

/// The credential opens nothing.
pub(super) fn invalid() -> Error {
    Error::new(Reason::CredentialInvalid, "The credential is not valid.")
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
