//! Invites an address into a tenant.

use super::{admit, inviter, issue};
use crate::{
    access::Scope,
    db::{Tx, events, invitation_tokens, users},
    model::{
        Error, Reason, Result,
        clock::Instant,
        email::EmailAddress,
        error::FieldViolation,
        event::{EventKind, NewEvent},
        invitation::{Delivery, Invitation, InvitationState},
        role::Role,
        tenant::Tenant,
    },
    ops::{Cx, authority},
    token,
};
use issue::IssuedInvitation;
use std::time::Duration;

/// Invitations of one tenant that may wait for an answer.
const MOST_PENDING: u32 = 500;
const SHORTEST: Duration = Duration::from_hours(1);
const LONGEST: Duration = Duration::from_hours(30 * 24);

pub struct CreateInvitation {
    pub email: EmailAddress,
    pub role: Role,
    pub expiry: Expiry,
    pub delivery: Delivery,
    pub validate_only: bool,
}

/// When an invitation runs out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// When the operator says.
    Default,
    At(Instant),
    After(Duration),
}

/// Whether the address has an account elsewhere plays no part, so that nobody learns it.
pub async fn create_invitation(
    cx: &Cx,
    scope: Scope,
    input: CreateInvitation,
) -> Result<IssuedInvitation> {
    let input = &input;
    let (token, hash) = token::new_invitation_token(cx.app.rng.as_ref());
    let (sent, hash) = (&token, hash.as_slice());
    let invitation = cx
        .write_unless(input.validate_only, scope, async |tx| {
            let tenant = authority::lock(cx, tx, scope).await?;
            admit::require_open_tenant(&tenant)?;
            inviter::require_rank(&cx.caller, input.role)?;
            require_no_member(tx, input).await?;
            require_room(tx).await?;
            let expired = close_expired(tx, input).await?;
            let invitation = new(cx, tx, input, &tenant).await?;
            if !invitation_tokens::insert(tx, &invitation, hash).await? {
                return Err(admit::lost_race());
            }
            issue::send(cx, tx, &tenant, &invitation, sent).await?;
            if let Some(expired) = expired {
                append(cx, tx, EventKind::InvitationExpired, &expired).await?;
            }
            append(cx, tx, EventKind::InvitationCreated, &invitation).await?;
            Ok(invitation)
        })
        .await?;
    if input.validate_only {
        return Ok(IssuedInvitation { invitation, returned: None });
    }
    Ok(issue::finish(cx, invitation, token))
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

async fn new(
    cx: &Cx,
    tx: &mut Tx,
    input: &CreateInvitation,
    tenant: &Tenant,
) -> Result<Invitation> {
    let now = tx.now().await?;
    Ok(Invitation {
        id: cx.new_id(),
        tenant_id: tenant.id,
        email: input.email.clone(),
        role: input.role,
        state: InvitationState::Pending,
        delivery: input.delivery,
        inviter: inviter::of(&cx.caller)?,
        token_time: now,
        resend_count: 0,
        create_time: now,
        expire_time: expire_time(cx, input.expiry, now)?,
        end_time: None,
        accepted_by: None,
    })
}

fn expire_time(cx: &Cx, expiry: Expiry, now: Instant) -> Result<Instant> {
    let end = match expiry {
        Expiry::Default => now + cx.app.settings.invitation_ttl,
        Expiry::At(end) => end,
        Expiry::After(life) => now + life,
    };
    if (now + SHORTEST..=now + LONGEST).contains(&end) {
        return Ok(end);
    }
    let why = "must be one hour to 30 days from now";
    Err(Error::invalid(vec![FieldViolation::new("expire_time", "OUT_OF_RANGE", why)]))
}

async fn append(cx: &Cx, tx: &mut Tx, kind: EventKind, invitation: &Invitation) -> Result<()> {
    let event = NewEvent::new(kind, Some(invitation.tenant_id), invitation.id)
        .with("role", invitation.role.as_str())
        .with("delivery", invitation.delivery.as_str());
    events::append(tx, &cx.actor(), &event).await.map(drop)
}
