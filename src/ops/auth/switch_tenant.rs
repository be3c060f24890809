//! Opens a session in another tenant of the caller.

use super::open_session::{self, IssuedSession, Member};
use crate::{
    access::{Caller, Scope, UserCaller},
    db::{Tx, sessions, user_profiles, users},
    model::{
        Error, Result, id::TenantId, profile::ProfileState, session::Session, tenant::TenantState,
    },
    ops::{Cx, authority},
};

/// Needs a live membership there. The session that asks stays, and the new one ends no later:
/// switching is no way around signing in again.
pub async fn switch_tenant(cx: &Cx, scope: Scope, tenant: TenantId) -> Result<IssuedSession> {
    let Caller::User(caller) = &cx.caller else {
        return Err(Error::internal("switching the tenant without a session"));
    };
    let (member, session) = cx
        .write(scope, async |tx| {
            let current = sessions::find_for_update(tx, caller.session_id).await?;
            let current = current.ok_or_else(authority::ended)?;
            authority::confirm(cx, tx).await?;
            let member = member(tx, caller, tenant).await?;
            let fresh = open_session::new_session(cx, tx, &member).await?;
            let session = Session {
                expire_time: fresh.expire_time.min(current.expire_time),
                idle_expire_time: fresh.idle_expire_time.min(current.expire_time),
                ..fresh
            };
            sessions::insert(tx, &session).await?;
            Ok((member, session))
        })
        .await?;
    open_session::issue(cx, member, &session)
}

/// A tenant that is suspended, one that the caller does not belong to, and one that does not
/// exist are the same answer.
async fn member(tx: &mut Tx, caller: &UserCaller, tenant: TenantId) -> Result<Member> {
    let user = users::find(tx, caller.user_id).await?.ok_or_else(authority::ended)?;
    let mut held = user_profiles::memberships(tx, caller.user_id).await?;
    held.retain(|(profile, of)| {
        of.id == tenant && profile.state == ProfileState::Active && of.state == TenantState::Active
    });
    let (profile, tenant) = held.pop().ok_or_else(|| Error::not_found("tenant"))?;
    Ok(Member { user, profile, tenant })
}
