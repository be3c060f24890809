//! How sessions end, other than by their own refresh token.

use super::Cx;
use crate::{
    db::{Tx, events, sessions},
    model::{
        Result,
        event::{EventKind, NewEvent},
        id::{SessionId, TenantId, UserId},
        session::EndReason,
    },
};

/// Sessions that ended now, each with its tenant.
pub(super) type Ended = Vec<(SessionId, TenantId)>;

/// Ends the wanted ones of a person's open sessions, in the person's own scope. Looks again until
/// there is none: ending one may have waited for a request that opened another in its place.
pub(super) async fn end(
    tx: &mut Tx,
    user: UserId,
    reason: EndReason,
    wanted: impl Fn(SessionId) -> bool,
) -> Result<Ended> {
    let now = tx.now().await?;
    let mut ended = Ended::new();
    loop {
        let mut open = sessions::open_ids(tx, user).await?;
        open.retain(|(id, _)| wanted(*id));
        if open.is_empty() {
            return Ok(ended);
        }
        for (id, tenant) in open {
            if sessions::end(tx, id, reason, now).await? {
                ended.push((id, tenant));
            }
        }
    }
}

/// Tells of ended sessions, as the last step: the lock of the events is the one that everybody
/// wants.
pub(super) async fn tell(cx: &Cx, tx: &mut Tx, user: UserId, ended: &Ended) -> Result<()> {
    for (id, tenant) in ended {
        let event = NewEvent::new(EventKind::SessionEnded, Some(*tenant), user)
            .with("session_id", id.to_string());
        events::append(tx, &cx.actor(), &event).await?;
    }
    Ok(())
}
