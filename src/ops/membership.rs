//! How a membership changes and ends, whoever asks for it.

use super::{Cx, last_owner};
use crate::{
    access::{Scope, SystemUse},
    db::{Tx, api_keys, departures, events, invitation_tokens, user_profiles, users},
    model::{
        Error, Result,
        event::{EventKind, NewEvent},
        id::{SubjectId, TenantId, UserId},
        profile::{Profile, ProfileState},
        role::Role,
        tenant::TenantState,
    },
};

/// Gives a member another role. The caller holds the tenant's lock and appends the event.
pub(super) async fn set_role(tx: &mut Tx, before: Profile, role: Role) -> Result<Profile> {
    if before.role == Role::Owner {
        last_owner::require_another(tx, &before).await?;
    }
    let now = before.changed_at(tx.now().await?);
    user_profiles::set_role(tx, before.tenant_id, before.user_id, role, now).await?;
    Ok(Profile { role, mver: before.mver + 1, update_time: now, ..before })
}

/// The event of a changed role.
pub(super) fn role_changed(before: &Profile, role: Role) -> NewEvent {
    NewEvent::new(EventKind::RoleChanged, Some(before.tenant_id), before.user_id)
        .with("from", before.role.as_str())
        .with("to", role.as_str())
}

/// Whose will it is that a membership ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Removed,
    Left,
}

/// What became of the account whose membership ended.
enum Account {
    Kept,
    HomeMoved(TenantId),
    Deleted,
}

/// Ends a membership, its sessions, the keys that the person made with it, and every invitation
/// that waits, to the person or by them or those keys. The caller holds the locks of the account
/// and of the tenant, and is in the tenant's scope.
pub(super) async fn end(cx: &Cx, tx: &mut Tx, profile: &Profile, ending: Ending) -> Result<()> {
    let (tenant, id) = (profile.tenant_id, profile.user_id);
    let everywhere = Scope::system(SystemUse::Home);
    last_owner::require_another(tx, profile).await?;
    let now = tx.now().await?;
    // A suspended member who leaves must not come back by domain as if nothing had been.
    if ending == Ending::Removed || profile.state == ProfileState::Suspended {
        departures::insert(tx, tenant, profile.email.key(), now).await?;
    }
    // Else an old invitation would bring the person back, and what they made would open the
    // tenant again on the day they come back.
    let keys = api_keys::revoke_made_by(tx, id, now).await?;
    let invitations =
        invitation_tokens::revoke_concerning(tx, profile.email.key(), id, &keys, now).await?;
    let user = users::find(tx, id).await?.ok_or_else(|| Error::not_found("user"))?;
    let account = if user.tenant_id == tenant {
        tx.within(everywhere, async |tx| leave_home(tx, id, tenant).await).await?
    } else {
        Account::Kept
    };
    if !matches!(account, Account::Deleted) {
        user_profiles::delete(tx, tenant, id).await?;
    }
    let kind = match ending {
        Ending::Removed => EventKind::ProfileRemoved,
        Ending::Left => EventKind::ProfileLeft,
    };
    events::append(tx, &cx.actor(), &NewEvent::new(kind, Some(tenant), id)).await?;
    let keys = keys.into_iter().map(|key| (EventKind::ApiKeyRevoked, key.into()));
    let invitations = invitations.into_iter().map(|it| (EventKind::InvitationRevoked, it.into()));
    for (kind, subject) in keys.chain(invitations).collect::<Vec<(_, SubjectId)>>() {
        events::append(tx, &cx.actor(), &NewEvent::new(kind, Some(tenant), subject)).await?;
    }
    if let Some(event) = account_event(id, tenant, &account) {
        tx.within(everywhere, async |tx| events::append(tx, &cx.actor(), &event).await).await?;
    }
    Ok(())
}

/// Moves the home to the oldest live membership, else to the oldest there is: another tenant's
/// record of a person, a suspension for instance, is not this tenant's to delete. Without any
/// other membership the account goes, and the profile with it.
async fn leave_home(tx: &mut Tx, id: UserId, from: TenantId) -> Result<Account> {
    let mut others = user_profiles::memberships(tx, id).await?;
    others.retain(|(profile, _)| profile.tenant_id != from);
    let live = others.iter().find(|(profile, tenant)| {
        profile.state == ProfileState::Active && tenant.state == TenantState::Active
    });
    let Some((home, _)) = live.or(others.first()) else {
        users::delete(tx, id).await?;
        return Ok(Account::Deleted);
    };
    let now = tx.now().await?;
    users::move_home(tx, id, from, home.tenant_id, now).await?;
    Ok(Account::HomeMoved(home.tenant_id))
}

/// Of no tenant, because where else a person belongs is not for the tenant that was left.
fn account_event(id: UserId, from: TenantId, account: &Account) -> Option<NewEvent> {
    match account {
        Account::Kept => None,
        Account::HomeMoved(to) => Some(
            NewEvent::new(EventKind::HomeMoved, None, id)
                .with("from", from.to_string())
                .with("to", to.to_string()),
        ),
        Account::Deleted => {
            Some(NewEvent::new(EventKind::UserDeleted, None, id).with("from", from.to_string()))
        }
    }
}
