//! Takes a pending invitation back.

use super::admit;
use crate::{
    access::Scope,
    db::{events, invitation_tokens},
    model::{
        Error, Result,
        event::{EventKind, NewEvent},
        id::InvitationId,
        invitation::{Invitation, InvitationState},
    },
    ops::{Cx, authority},
};

/// Idempotent: what is revoked is answered as it is.
pub async fn revoke_invitation(cx: &Cx, scope: Scope, id: InvitationId) -> Result<Invitation> {
    let revoked = InvitationState::Revoked;
    cx.write(scope, async |tx| {
        authority::lock(cx, tx, scope).await?;
        let found = invitation_tokens::find(tx, id).await?.ok_or_else(admit::unknown)?;
        authority::require_rank(&cx.caller, found.role)?;
        if found.state == revoked {
            return Ok(found);
        }
        admit::require_open(tx, &found).await?;
        let now = tx.now().await?;
        if !invitation_tokens::end(tx, id, revoked, None, now).await? {
            return Err(Error::lost_race());
        }
        let event = NewEvent::new(EventKind::InvitationRevoked, Some(found.tenant_id), id);
        events::append(tx, &cx.actor(), &event).await?;
        Ok(Invitation { state: revoked, end_time: Some(now), ..found })
    })
    .await
}
