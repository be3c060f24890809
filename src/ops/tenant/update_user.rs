//! Changes a person's role in a tenant, and the name that the tenant sees.

use crate::{
    access::Scope,
    db::{Tx, events, user_profiles},
    model::{
        Error, Reason, Result,
        event::{EventKind, NewEvent},
        id::UserId,
        profile::Profile,
        role::Role,
        text::DisplayName,
    },
    ops::{Cx, authority, membership},
};

pub struct UpdateUser {
    pub user_id: UserId,
    pub role: Option<Role>,
    pub display_name: Option<DisplayName>,
    /// The version that the caller has read; `None` is any.
    pub etag: Option<String>,
}

/// Idempotent: what is so already changes nothing and is answered as it stands.
pub async fn update_user(cx: &Cx, scope: Scope, input: UpdateUser) -> Result<Profile> {
    let input = &input;
    cx.write(scope, async |tx| {
        let tenant = authority::lock(cx, tx, scope).await?;
        let before = user_profiles::find(tx, tenant.id, input.user_id)
            .await?
            .ok_or_else(|| Error::not_found("user"))?;
        authority::require_rank(&cx.caller, before.role)?;
        authority::require_rank(&cx.caller, input.role.unwrap_or(before.role))?;
        if input.etag.as_ref().is_some_and(|etag| *etag != before.etag()) {
            return Err(Error::new(
                Reason::Conflict,
                "The profile has changed since it was read. Read it and try again.",
            ));
        }
        let mut changes = Vec::new();
        let mut profile = before;
        if let Some(role) = input.role.filter(|role| *role != profile.role) {
            changes.push(membership::role_changed(&profile, role));
            profile = membership::set_role(tx, profile, role).await?;
        }
        if let Some(name) = input.display_name.as_ref().filter(|it| **it != profile.display_name) {
            let about = (Some(profile.tenant_id), profile.user_id);
            changes.push(NewEvent::new(EventKind::ProfileUpdated, about.0, about.1));
            profile = set_display_name(tx, profile, name).await?;
        }
        for event in &changes {
            events::append(tx, &cx.actor(), event).await?;
        }
        Ok(profile)
    })
    .await
}

async fn set_display_name(tx: &mut Tx, before: Profile, name: &DisplayName) -> Result<Profile> {
    let now = before.changed_at(tx.now().await?);
    user_profiles::set_display_name(tx, before.tenant_id, before.user_id, name, now).await?;
    Ok(Profile { display_name: name.clone(), update_time: now, ..before })
}
