//! What an invitation is made of, once it is allowed.

use super::{inviter, issue};
use crate::{
    db::{Tx, events, invitation_tokens},
    model::{
        Error, Result,
        clock::Instant,
        email::EmailAddress,
        error::FieldViolation,
        event::{EventKind, NewEvent},
        invitation::{Delivery, Invitation, InvitationState},
        role::Role,
        tenant::Tenant,
    },
    ops::Cx,
};
use secrecy::SecretString;
use std::time::Duration;

const SHORTEST: Duration = Duration::from_hours(1);
const LONGEST: Duration = Duration::from_hours(30 * 24);

/// When an invitation runs out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// When the operator says.
    Default,
    At(Instant),
    After(Duration),
}

/// Whom to invite, to what.
pub(in crate::ops) struct NewInvitation<'a> {
    pub tenant: &'a Tenant,
    pub email: &'a EmailAddress,
    pub role: Role,
    pub expiry: Expiry,
    pub delivery: Delivery,
}

/// A token that nobody has yet, and its hash.
pub(in crate::ops) type NewToken<'a> = (&'a SecretString, &'a [u8]);

/// Writes the invitation, and its mail if the token leaves by mail.
pub(in crate::ops) async fn insert(
    cx: &Cx,
    tx: &mut Tx,
    new: &NewInvitation<'_>,
    (token, hash): NewToken<'_>,
) -> Result<Invitation> {
    let now = tx.now().await?;
    let invitation = Invitation {
        id: cx.new_id(),
        tenant_id: new.tenant.id,
        email: new.email.clone(),
        role: new.role,
        state: InvitationState::Pending,
        delivery: new.delivery,
        inviter: inviter::of(&cx.caller)?,
        token_time: now,
        resend_count: 0,
        create_time: now,
        expire_time: expire_time(cx, new.expiry, now)?,
        end_time: None,
        accepted_by: None,
    };
    if !invitation_tokens::insert(tx, &invitation, hash).await? {
        return Err(Error::lost_race());
    }
    issue::send(cx, tx, new.tenant, &invitation, token).await?;
    Ok(invitation)
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

/// Appends what happened to an invitation; after all rows, because everybody wants the lock.
pub(in crate::ops) async fn append(
    cx: &Cx,
    tx: &mut Tx,
    kind: EventKind,
    invitation: &Invitation,
) -> Result<()> {
    let event = NewEvent::new(kind, Some(invitation.tenant_id), invitation.id)
        .with("role", invitation.role.as_str())
        .with("delivery", invitation.delivery.as_str());
    events::append(tx, &cx.actor(), &event).await.map(drop)
}
