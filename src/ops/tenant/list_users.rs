//! Lists the people of a tenant.

use super::{get_tenant, get_user::view};
use crate::{
    access::{Action, Scope},
    db::user_profiles,
    model::{
        Error, Reason, Result,
        page::{Page, PageRequest},
        profile::{ProfileFilter, ProfileState, ProfileView},
        role::Role,
    },
    ops::{
        Cx,
        page::{Paging, id_key},
    },
};

pub struct ListUsers {
    pub filter: ProfileFilter,
    pub page: PageRequest,
}

/// Members see names and roles, so they cannot filter by what they do not see.
pub async fn list_users(cx: &Cx, scope: Scope, input: ListUsers) -> Result<Page<ProfileView>> {
    let member = cx.caller.role_in_tenant() == Some(Role::Member);
    if member && (input.filter.email_prefix.is_some() || input.filter.state.is_some()) {
        return Err(Error::new(
            Reason::PermissionDenied,
            "Filtering by address or state needs an administrator.",
        )
        .with("action", Action::ListUsers.as_str()));
    }
    let filter = &input.filter;
    let binding = format!(
        "{}|{}|{}",
        filter.role.map_or("", Role::as_str),
        filter.state.map_or("", ProfileState::as_str),
        filter.email_prefix.as_deref().unwrap_or_default(),
    );
    let paging = Paging::new(cx, scope, Action::ListUsers, binding, &input.page);
    let after = paging.after()?;
    let rows = cx
        .read(scope, async |tx| {
            get_tenant::require(tx, scope).await?;
            user_profiles::list(tx, filter, after, paging.limit()).await
        })
        .await?;
    let page = paging.cut(rows, |profile| id_key(&profile.user_id))?;
    let items = page.items.into_iter().map(|profile| view(&cx.caller, profile)).collect();
    Ok(Page { items, next_token: page.next_token })
}
