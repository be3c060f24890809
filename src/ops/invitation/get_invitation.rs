//! Reads one invitation of a tenant.

use super::admit::unknown;
use crate::{
    access::Scope,
    db::invitation_tokens,
    model::{Result, id::InvitationId, invitation::Invitation},
    ops::Cx,
};

/// An invitation of another tenant and one that does not exist are the same answer.
pub async fn get_invitation(cx: &Cx, scope: Scope, id: InvitationId) -> Result<Invitation> {
    cx.read(scope, async |tx| {
        let now = tx.now().await?;
        let found = invitation_tokens::find(tx, id).await?.ok_or_else(unknown)?;
        Ok(found.as_of(now))
    })
    .await
}
