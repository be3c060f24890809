//! Ends sessions of the caller.

use crate::{
    access::{Caller, Scope},
    model::{
        Error, Result,
        session::{EndReason, SignOutScope},
    },
    ops::{Cx, session},
};

/// Ends this session, the others, or all; answers how many ended now.
pub async fn sign_out(cx: &Cx, scope: Scope, which: SignOutScope) -> Result<usize> {
    let Caller::User(user) = &cx.caller else {
        return Err(Error::internal("sign-out without a session"));
    };
    cx.write(scope, async |tx| {
        let wanted = |id| match which {
            SignOutScope::Current => id == user.session_id,
            SignOutScope::Others => id != user.session_id,
            SignOutScope::All => true,
        };
        let ended = session::end(tx, user.user_id, EndReason::SignedOut, wanted).await?;
        session::tell(cx, tx, user.user_id, &ended).await?;
        Ok(ended.len())
    })
    .await
}
