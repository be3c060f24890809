//! Whether whoever invited may still do so: an invitation dies with its inviter's authority.

use crate::{
    access::{Caller, Scope, SystemUse},
    db::{Tx, api_keys, user_profiles, users},
    model::{
        Error, Reason, Result,
        id::{ApiKeyId, Id as _, UserId},
        invitation::{Invitation, Inviter, InviterKind},
        profile::ProfileState,
        role::Role,
        user::UserState,
    },
};

/// The least role that may invite at all.
const LEAST: Role = Role::Admin;

/// Who invites: the caller.
pub(super) fn of(caller: &Caller) -> Result<Inviter> {
    caller.inviter().ok_or_else(|| Error::internal("an invitation by nobody"))
}

/// Refuses an invitation whose inviter could not make it now.
pub(super) async fn require_entitled(tx: &mut Tx, invitation: &Invitation) -> Result<()> {
    let needed = LEAST.max(invitation.role);
    let entitled = match (invitation.inviter.kind, invitation.inviter.id) {
        (InviterKind::User, Some(id)) => {
            role_of_user(tx, invitation, UserId::from_uuid(*id.as_uuid())).await? >= Some(needed)
        }
        (InviterKind::ApiKey, Some(id)) => {
            let key = api_keys::standing(tx, ApiKeyId::from_uuid(*id.as_uuid())).await?;
            key.is_some_and(|key| key.live && key.role >= Some(needed))
        }
        // A key of the platform is no row of the tenant.
        (InviterKind::Operator, Some(id)) => {
            let (everywhere, id) =
                (Scope::system(SystemUse::Invitation), ApiKeyId::from_uuid(*id.as_uuid()));
            let key = tx.within(everywhere, async |tx| api_keys::standing(tx, id).await).await?;
            key.is_some_and(|key| key.live)
        }
        (InviterKind::Operator, None) => true,
        (InviterKind::User | InviterKind::ApiKey, None) => false,
    };
    if entitled {
        return Ok(());
    }
    Err(Error::new(
        Reason::InvitationVoid,
        "Whoever made this invitation may not invite any more. Ask for a new one.",
    ))
}

async fn role_of_user(tx: &mut Tx, invitation: &Invitation, id: UserId) -> Result<Option<Role>> {
    let profile = user_profiles::find(tx, invitation.tenant_id, id).await?;
    let user = users::find(tx, id).await?;
    let live = user.is_some_and(|user| user.state == UserState::Active);
    Ok(profile
        .filter(|profile| live && profile.state == ProfileState::Active)
        .map(|profile| profile.role))
}
