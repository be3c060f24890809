//! Makes somebody with an account a member of a tenant that invited them.

use super::{
    admit::{self, unknown},
    token::{TokenHash, unverified},
};
use crate::{
    access::Scope,
    db::{Tx, events, invitation_tokens, tenants, user_profiles, users},
    model::{
        Error, Reason, Result,
        event::{EventKind, NewEvent},
        id::InvitationId,
        invitation::{Delivery, Invitation},
        profile::{Profile, ProfileState},
        tenant::Tenant,
        text::DisplayName,
        user::User,
    },
    ops::{Cx, authority},
};
use secrecy::SecretString;

/// Which invitation, and by what right.
pub enum AcceptInvitation {
    /// One to the caller's own, proven address.
    Id(InvitationId),
    Token(SecretString),
}

/// The membership that an acceptance made.
pub struct Accepted {
    pub profile: Profile,
    pub tenant: Tenant,
}

/// How the invitation was named, as far as it is known before the transaction.
enum Named {
    Id(InvitationId),
    Token(TokenHash, Box<Invitation>),
}

/// Adds the membership and nothing else: no session, and no change of a role that is there.
pub async fn accept_invitation(cx: &Cx, scope: Scope, input: AcceptInvitation) -> Result<Accepted> {
    let named = match input {
        AcceptInvitation::Id(id) => Named::Id(id),
        AcceptInvitation::Token(token) => {
            let hash = TokenHash::of(&token)?;
            let found = hash.find_anywhere(cx).await?;
            Named::Token(hash, Box::new(found))
        }
    };
    let named = &named;
    cx.write(scope, async |tx| {
        let user = authority::lock_own(cx, tx).await?;
        let found = named.find(tx, &user).await?;
        let home = user_profiles::find(tx, user.tenant_id, user.id).await?;
        let name = home.map(|profile| profile.display_name).unwrap_or_default();
        tx.enter(Scope::invited(&user, &found).ok_or_else(mismatch)?).await?;
        // Locked first: what is read after it stays true until the commit.
        tenants::lock(tx, found.tenant_id).await?;
        let invitation = named.find_again(tx).await?;
        if let Some(standing) = standing(tx, &invitation, &user).await? {
            return Ok(standing);
        }
        let (invitation, tenant) = admit::admit(tx, invitation.tenant_id, invitation.id).await?;
        admit::close(tx, &invitation, user.id).await?;
        let profile = join(cx, tx, &invitation, &user, name).await?;
        Ok(Accepted { profile, tenant })
    })
    .await
}

impl Named {
    /// The invitation, if it is the caller's. What is found before the tenant's lock decides
    /// only whose it is.
    async fn find(&self, tx: &mut Tx, user: &User) -> Result<Invitation> {
        let proven = user.verified_time.is_some();
        match self {
            Self::Id(_) if !proven => Err(unverified()),
            Self::Id(id) => invitation_tokens::find(tx, *id).await?.ok_or_else(unknown),
            Self::Token(_, found) if found.email.key() != user.email.key() => Err(mismatch()),
            Self::Token(_, found) if !proven && found.delivery != Delivery::Outbox => {
                Err(unverified())
            }
            Self::Token(_, found) => Ok((**found).clone()),
        }
    }

    /// The same under the lock. A token that was replaced meanwhile is dead.
    async fn find_again(&self, tx: &mut Tx) -> Result<Invitation> {
        match self {
            Self::Id(id) => invitation_tokens::find(tx, *id).await?.ok_or_else(unknown),
            Self::Token(hash, _) => hash.find(tx).await,
        }
    }
}

/// The membership if there is one: the answer to a repeat, else a refusal.
async fn standing(tx: &mut Tx, invitation: &Invitation, user: &User) -> Result<Option<Accepted>> {
    let Some(profile) = user_profiles::find(tx, invitation.tenant_id, user.id).await? else {
        return Ok(None);
    };
    if invitation.accepted_by == Some(user.id) && profile.state == ProfileState::Active {
        let tenant = tenants::find(tx, invitation.tenant_id).await?.ok_or_else(unknown)?;
        return Ok(Some(Accepted { profile, tenant }));
    }
    admit::require_open(tx, invitation).await?;
    Err(Error::new(Reason::AlreadyMember, "You are a member of this organisation already."))
}

async fn join(
    cx: &Cx,
    tx: &mut Tx,
    invitation: &Invitation,
    user: &User,
    name: DisplayName,
) -> Result<Profile> {
    let now = tx.now().await?;
    let position = events::next_position(tx).await?;
    let profile = Profile {
        tenant_id: invitation.tenant_id,
        user_id: user.id,
        email: user.email.clone(),
        display_name: name,
        role: invitation.role,
        state: ProfileState::Active,
        mver: position,
        create_time: now,
        update_time: now,
    };
    user_profiles::insert(tx, &profile).await?;
    // Only a mailed token lets somebody without a proof come this far. The tenant reaches the
    // account from here on.
    let proves = user.verified_time.is_none() && users::set_verified(tx, user.id, now).await?;
    let made = NewEvent::new(EventKind::ProfileCreated, Some(profile.tenant_id), user.id)
        .with("role", profile.role.as_str())
        .with("basis", "invitation");
    events::insert(tx, position, &cx.actor(), &made).await?;
    let accepted =
        NewEvent::new(EventKind::InvitationAccepted, Some(profile.tenant_id), invitation.id)
            .with("proves_email", proves);
    events::append(tx, &cx.actor(), &accepted).await?;
    Ok(profile)
}

fn mismatch() -> Error {
    Error::new(
        Reason::EmailMismatch,
        "The invitation is for another address. Sign in with the account it was made for.",
    )
}
