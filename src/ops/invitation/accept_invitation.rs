//! Makes somebody with an account a member of a tenant that invited them.

use super::{
    admit::{self, unknown},
    token::{self, TokenHash, unverified},
};
use crate::{
    access::Scope,
    db::{Tx, events, invitation_tokens, tenants, user_profiles, users},
    model::{
        Error, Reason, Result,
        event::{EventKind, NewEvent},
        id::{InvitationId, TenantId},
        invitation::{Delivery, Invitation},
        profile::{Profile, ProfileState},
        request_key::RequestKey,
        session::EndReason,
        tenant::Tenant,
        text::DisplayName,
        user::User,
    },
    ops::{Cx, authority, idempotency, session},
};
use secrecy::SecretString;

pub struct AcceptInvitation {
    pub by: By,
    pub request: Option<RequestKey>,
}

/// Which invitation, and by what right.
pub enum By {
    /// One to the caller's own, proven address.
    Id(InvitationId),
    Token(SecretString),
}

/// The membership that an acceptance made.
pub struct Accepted {
    pub profile: Profile,
    pub tenant: Tenant,
    /// Answered to an earlier request of the same name.
    pub replayed: bool,
}

/// How the invitation was named, as far as it is known before the transaction.
enum Named {
    Id(InvitationId),
    Token(TokenHash, Box<Invitation>),
}

/// Adds the membership and nothing else: no session, and no change of a role that is there.
pub async fn accept_invitation(cx: &Cx, scope: Scope, input: AcceptInvitation) -> Result<Accepted> {
    let request = input.request.as_ref();
    // What the name was used for comes before what the token is worth.
    if let Some(tenant) = idempotency::made_already(cx, scope, request).await? {
        return cx.read(scope, async |tx| find(cx, tx, tenant).await).await;
    }
    let named = match input.by {
        By::Id(id) => Named::Id(id),
        By::Token(token) => {
            let (hash, found) = token::find(cx, &token).await?;
            Named::Token(hash, Box::new(found))
        }
    };
    let named = &named;
    cx.write(scope, async |tx| match idempotency::made_before(cx, tx, request).await? {
        Some(tenant) => find(cx, tx, tenant).await,
        None => accept(cx, tx, named, request).await,
    })
    .await
}

/// The membership that an earlier request was answered with, as it is now.
async fn find(cx: &Cx, tx: &mut Tx, tenant: TenantId) -> Result<Accepted> {
    let user = cx.caller.user_id().ok_or_else(|| Error::internal("accepted by nobody"))?;
    let mut memberships = user_profiles::memberships(tx, user).await?.into_iter();
    let (profile, tenant) = memberships
        .find(|(profile, _)| profile.tenant_id == tenant)
        .ok_or_else(|| Error::not_found("tenant"))?;
    Ok(Accepted { profile, tenant, replayed: true })
}

async fn accept(
    cx: &Cx,
    tx: &mut Tx,
    named: &Named,
    request: Option<&RequestKey>,
) -> Result<Accepted> {
    let own = tx.scope();
    let user = authority::lock_own(cx, tx).await?;
    let found = named.find(tx, &user).await?;
    let home = user_profiles::find(tx, user.tenant_id, user.id).await?;
    let name = home.map(|profile| profile.display_name).unwrap_or_default();
    // In the person's own scope, where a repeat will look for it.
    idempotency::record(cx, tx, request, found.tenant_id).await?;
    tx.enter(Scope::invited(&user, &found).ok_or_else(mismatch)?).await?;
    // Locked first: what is read after it stays true until the commit.
    tenants::lock(tx, found.tenant_id).await?;
    let invitation = named.find_again(tx).await?;
    if let Some(standing) = standing(tx, &invitation, &user).await? {
        return Ok(standing);
    }
    let (invitation, tenant) = admit::admit(tx, invitation.tenant_id, invitation.id).await?;
    admit::close(tx, &invitation, user.id).await?;
    let ended = if user.verified_time.is_none() {
        tx.within(own, async |tx| end_others(cx, tx, &user).await).await?
    } else {
        session::Ended::new()
    };
    let profile = join(cx, tx, &invitation, &user, name).await?;
    if !ended.is_empty() {
        tx.within(own, async |tx| session::tell(cx, tx, user.id, &ended).await).await?;
    }
    Ok(Accepted { profile, tenant, replayed: false })
}

/// Whoever else signed in before the mailbox was proven may not be its owner.
async fn end_others(cx: &Cx, tx: &mut Tx, user: &User) -> Result<session::Ended> {
    let others = |id| Some(id) != cx.caller.session_id();
    session::end(tx, user.id, EndReason::MailboxProven, others).await
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
        return Ok(Some(Accepted { profile, tenant, replayed: false }));
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
            .with("user_id", user.id.to_string())
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
