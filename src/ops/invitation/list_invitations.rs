//! Lists the invitations of a tenant.

use crate::{
    access::{Action, Scope},
    db::invitation_tokens,
    model::{
        Result,
        invitation::{Invitation, InvitationState},
        page::{Page, PageRequest},
    },
    ops::{
        Cx,
        page::{Paging, id_key},
        tenant::require_tenant,
    },
};

pub struct ListInvitations {
    /// As it is at the time of the answer.
    pub state: Option<InvitationState>,
    pub page: PageRequest,
}

pub async fn list_invitations(
    cx: &Cx,
    scope: Scope,
    input: ListInvitations,
) -> Result<Page<Invitation>> {
    let state = input.state;
    let binding = state.map_or("", InvitationState::as_str).to_owned();
    let paging = Paging::new(cx, scope, Action::ListInvitations, binding, &input.page);
    let after = paging.after()?;
    let rows = cx
        .read(scope, async |tx| {
            require_tenant(tx, scope).await?;
            let now = tx.now().await?;
            let rows = invitation_tokens::list(tx, state, after, paging.limit(), now).await?;
            Ok(rows.into_iter().map(|(invitation, _)| invitation.as_of(now)).collect())
        })
        .await?;
    paging.cut(rows, |invitation: &Invitation| id_key(&invitation.id))
}
