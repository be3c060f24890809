//! Lists what the caller's own address is invited to.

use super::token::unverified;
use crate::{
    access::{Action, Scope},
    db::{invitation_tokens, users},
    model::{
        Error, Result,
        invitation::{Invitation, InvitationState},
        page::{Page, PageRequest},
        tenant::Tenant,
    },
    ops::{
        Cx, authority,
        page::{Paging, id_key},
    },
};

/// Pending ones of any tenant. An address that was never proven could be anybody's.
pub async fn list_my_invitations(
    cx: &Cx,
    scope: Scope,
    request: PageRequest,
) -> Result<Page<(Invitation, Tenant)>> {
    let caller =
        cx.caller.user_id().ok_or_else(|| Error::internal("own invitations without a person"))?;
    let paging = Paging::new(cx, scope, Action::ListMyInvitations, caller.to_string(), &request);
    let after = paging.after()?;
    let rows = cx
        .read(scope, async |tx| {
            let user = users::find(tx, caller).await?.ok_or_else(authority::ended)?;
            if user.verified_time.is_none() {
                return Err(unverified());
            }
            let now = tx.now().await?;
            let pending = Some(InvitationState::Pending);
            invitation_tokens::list(tx, pending, after, paging.limit(), now).await
        })
        .await?;
    paging.cut(rows, |(invitation, _)| id_key(&invitation.id))
}
