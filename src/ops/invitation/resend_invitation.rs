//! Replaces the token of a pending invitation.

use super::{admit, inviter, issue};
use crate::{
    access::Scope,
    db::{Tx, events, invitation_tokens},
    model::{
        Error, Reason, Result,
        clock::Instant,
        event::{EventKind, NewEvent},
        id::InvitationId,
        invitation::{Delivery, Invitation},
    },
    ops::{Cx, authority},
    token,
};
use issue::IssuedInvitation;
use std::time::Duration;

/// How long the next token waits for.
const COOL_DOWN: Duration = Duration::from_mins(1);
const MOST_RESENDS: i32 = 5;

pub struct ResendInvitation {
    pub id: InvitationId,
    /// As the token before, if it is not said.
    pub delivery: Option<Delivery>,
}

/// The invitation then rests on whoever resends it: else one whose maker has gone could be sent
/// for ever and never be accepted.
pub async fn resend_invitation(
    cx: &Cx,
    scope: Scope,
    input: ResendInvitation,
) -> Result<IssuedInvitation> {
    let input = &input;
    let (token, hash) = token::new_invitation_token(cx.app.rng.as_ref());
    let (sent, hash) = (&token, hash.as_slice());
    let invitation = cx
        .write(scope, async |tx| {
            let tenant = authority::lock(cx, tx, scope).await?;
            let old = invitation_tokens::find(tx, input.id).await?.ok_or_else(admit::unknown)?;
            authority::require_rank(&cx.caller, old.role)?;
            admit::require_open(tx, &old).await?;
            admit::require_open_tenant(&tenant)?;
            let next = next(cx, tx, old, input.delivery).await?;
            if !invitation_tokens::replace_token(tx, &next, hash).await? {
                return Err(Error::lost_race());
            }
            issue::send(cx, tx, &tenant, &next, sent).await?;
            let event = NewEvent::new(EventKind::InvitationResent, Some(next.tenant_id), next.id)
                .with("delivery", next.delivery.as_str());
            events::append(tx, &cx.actor(), &event).await?;
            Ok(next)
        })
        .await?;
    Ok(issue::finish(cx, invitation, token))
}

/// The invitation with its next token, which lives as long as the one before was meant to.
async fn next(
    cx: &Cx,
    tx: &mut Tx,
    old: Invitation,
    delivery: Option<Delivery>,
) -> Result<Invitation> {
    let now = tx.now().await?;
    require_allowed(&old, now)?;
    Ok(Invitation {
        delivery: delivery.unwrap_or(old.delivery),
        inviter: inviter::of(&cx.caller)?,
        token_time: now,
        resend_count: old.resend_count + 1,
        expire_time: now + old.expire_time.since(old.token_time),
        ..old
    })
}

fn require_allowed(old: &Invitation, now: Instant) -> Result<()> {
    if old.resend_count >= MOST_RESENDS {
        return Err(Error::new(
            Reason::ResendLimitReached,
            "The invitation was sent as often as it may be. Revoke it and make a new one.",
        )
        .with("limit", MOST_RESENDS.to_string()));
    }
    let waited = now.since(old.token_time);
    if waited < COOL_DOWN {
        return Err(Error::new(
            Reason::RateLimited,
            "The invitation was just sent. Wait a minute.",
        )
        .with("limit", "resend-invitation")
        .retry_after(COOL_DOWN.saturating_sub(waited)));
    }
    Ok(())
}
