//! Turns an invitation down.

use super::{admit, token};
use crate::{
    access::Scope,
    db::{events, invitation_tokens, tenants},
    model::{
        Error, Result,
        event::{EventKind, NewEvent},
        invitation::InvitationState,
    },
    ops::Cx,
};
use secrecy::SecretString;

/// Idempotent: what is declined stays so.
pub async fn decline_invitation(cx: &Cx, scope: Scope, token: SecretString) -> Result<()> {
    let (hash, found) = token::find(cx, &token).await?;
    let (hash, tenant) = (&hash, found.tenant_id);
    cx.write(scope, async |tx| {
        tenants::lock(tx, tenant).await?;
        let found = hash.find(tx).await?;
        if found.state == InvitationState::Declined {
            return Ok(());
        }
        admit::require_open(tx, &found).await?;
        let now = tx.now().await?;
        let declined = InvitationState::Declined;
        if !invitation_tokens::end(tx, found.id, declined, None, now).await? {
            return Err(Error::lost_race());
        }
        let event = NewEvent::new(EventKind::InvitationDeclined, Some(tenant), found.id);
        events::append(tx, &cx.actor(), &event).await.map(drop)
    })
    .await
}
