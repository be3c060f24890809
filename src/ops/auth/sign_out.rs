//! Ends sessions of the caller.

use crate::{
    access::{Caller, Scope},
    db::{events, sessions},
    model::{
        Error, Result,
        event::{EventKind, NewEvent},
        session::{EndReason, SignOutScope},
    },
    ops::Cx,
};

/// Ends this session, the others, or all; answers how many ended now.
pub async fn sign_out(cx: &Cx, scope: Scope, which: SignOutScope) -> Result<usize> {
    let Caller::User(user) = &cx.caller else {
        return Err(Error::internal("sign-out without a session"));
    };
    cx.write(scope, async |tx| {
        let now = tx.now().await?;
        let mut ended = Vec::new();
        for (id, tenant) in sessions::open_ids(tx, user.user_id).await? {
            let current = id == user.session_id;
            let wanted = match which {
                SignOutScope::Current => current,
                SignOutScope::Others => !current,
                SignOutScope::All => true,
            };
            if wanted && sessions::end(tx, id, EndReason::SignedOut, now).await? {
                ended.push((id, tenant));
            }
        }
        // Events last: their lock is the one that everybody wants.
        for (id, tenant) in &ended {
            let event = NewEvent::new(EventKind::SessionEnded, Some(*tenant), user.user_id)
                .with("session_id", id.to_string());
            events::append(tx, &cx.actor(), &event).await?;
        }
        Ok(ended.len())
    })
    .await
}
