//! Invites an address into a tenant.

use super::{
    admit, issue,
    make::{self, Expiry, NewInvitation},
};
use crate::{
    access::Scope,
    db::{Tx, invitation_tokens, users},
    model::{
        Error, Reason, Result,
        email::EmailAddress,
        event::EventKind,
        id::InvitationId,
        invitation::{Delivery, Invitation, InvitationState},
        request_key::RequestKey,
        role::Role,
    },
    ops::{Cx, authority, idempotency, throttle},
    token,
};
use issue::Returned;

/// Invitations of one tenant that may wait for an answer.
const MOST_PENDING: u32 = 500;

pub struct CreateInvitation {
    pub email: EmailAddress,
    pub role: Role,
    pub expiry: Expiry,
    pub delivery: Delivery,
    pub request: Option<RequestKey>,
    pub validate_only: bool,
}

pub struct CreatedInvitation {
    pub invitation: Invitation,
    /// The token, where this call made one that does not leave by mail.
    pub returned: Option<Returned>,
    /// Made by an earlier request of the same name.
    pub replayed: bool,
}

/// Whether the address has an account elsewhere plays no part, so that nobody learns it.
pub async fn create_invitation(
    cx: &Cx,
    scope: Scope,
    input: CreateInvitation,
) -> Result<CreatedInvitation> {
    let input = &input;
    let (token, hash) = token::new_invitation_token(cx.app.rng.as_ref());
    let (sent, hash) = (&token, hash.as_slice());
    let (invitation, replayed) = cx
        .write_unless(input.validate_only, scope, async |tx| {
            match idempotency::made_before(cx, tx, input.request.as_ref()).await? {
                Some(id) => Ok((find(tx, id).await?, true)),
                None => Ok((invite(cx, tx, scope, input, (sent, hash)).await?, false)),
            }
        })
        .await?;
    if replayed || input.validate_only {
        return Ok(CreatedInvitation { invitation, returned: None, replayed });
    }
    let issued = issue::finish(cx, invitation, token);
    Ok(CreatedInvitation { invitation: issued.invitation, returned: issued.returned, replayed })
}

/// The invitation that an earlier request made, as it is now.
async fn find(tx: &mut Tx, made: InvitationId) -> Result<Invitation> {
    let now = tx.now().await?;
    let found = invitation_tokens::find(tx, made).await?.ok_or_else(admit::unknown)?;
    Ok(found.as_of(now))
}

async fn invite(
    cx: &Cx,
    tx: &mut Tx,
    scope: Scope,
    input: &CreateInvitation,
    token: make::NewToken<'_>,
) -> Result<Invitation> {
    let tenant = authority::lock(cx, tx, scope).await?;
    admit::require_open_tenant(&tenant)?;
    authority::require_rank(&cx.caller, input.role)?;
    require_no_member(tx, input).await?;
    require_room(tx).await?;
    let expired = close_expired(tx, input).await?;
    throttle::create_invitation(tx, tenant.id, input.email.key()).await?;
    let new = NewInvitation {
        tenant: &tenant,
        email: &input.email,
        role: input.role,
        expiry: input.expiry,
        delivery: input.delivery,
    };
    let invitation = make::insert(cx, tx, &new, token).await?;
    idempotency::record(cx, tx, input.request.as_ref(), invitation.id).await?;
    if let Some(expired) = expired {
        make::append(cx, tx, EventKind::InvitationExpired, &expired).await?;
    }
    make::append(cx, tx, EventKind::InvitationCreated, &invitation).await?;
    Ok(invitation)
}

/// A suspended member is one too. Only people of the tenant are in reach here.
async fn require_no_member(tx: &mut Tx, input: &CreateInvitation) -> Result<()> {
    match users::find_by_email(tx, input.email.key()).await? {
        Some(_) => Err(Error::new(Reason::AlreadyMember, "This person is a member already.")),
        None => Ok(()),
    }
}

async fn require_room(tx: &mut Tx) -> Result<()> {
    let now = tx.now().await?;
    if invitation_tokens::count_pending(tx, now).await? < MOST_PENDING {
        return Ok(());
    }
    Err(Error::new(
        Reason::InvitationLimitReached,
        "The organisation has as many pending invitations as it may have. Revoke some first.",
    )
    .with("limit", MOST_PENDING.to_string()))
}

/// Makes place for a new invitation of the address, unless one is alive.
async fn close_expired(tx: &mut Tx, input: &CreateInvitation) -> Result<Option<Invitation>> {
    let Some(earlier) = invitation_tokens::find_pending(tx, input.email.key()).await? else {
        return Ok(None);
    };
    let now = tx.now().await?;
    if earlier.state_at(now) == InvitationState::Pending {
        return Err(Error::new(
            Reason::InvitationExists,
            "This address has a pending invitation. Resend or revoke it.",
        )
        .with("invitation_id", earlier.id.to_string()));
    }
    invitation_tokens::end(tx, earlier.id, InvitationState::Expired, None, now).await?;
    Ok(Some(earlier))
}
