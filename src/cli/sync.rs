//! `reeve status`, `reeve create-profile`, and the same under `reeve sync`.

use super::{
    args::{CreateProfile, SyncStatus},
    connect,
    outcome::{Failure, Outcome},
    print, tenant,
};
use crate::{
    access::{Action, NamedTenant, authorize},
    config::Config,
    model::{
        Reason,
        id::{Id as _, UserId},
        profile::Profile,
        sync,
    },
    ops::sync as ops,
};
use serde::Serialize;

/// The keys that other people's scripts read.
#[derive(Serialize)]
struct Status {
    total_auth_users: u32,
    total_profiles: u32,
    missing_profiles: u32,
    unresolved_users: u32,
    orphaned_profiles: u32,
    sync_percentage: f64,
    trigger_state: &'static str,
    source: &'static str,
    checked_time: String,
}

impl From<&sync::SyncStatus> for Status {
    fn from(status: &sync::SyncStatus) -> Self {
        Self {
            total_auth_users: status.total_auth_users,
            total_profiles: status.total_profiles,
            missing_profiles: status.missing_profiles,
            unresolved_users: status.unresolved_users,
            orphaned_profiles: status.orphaned_profiles,
            sync_percentage: status.percentage(),
            trigger_state: status.trigger_state.as_str(),
            source: "native",
            checked_time: status.checked_time.to_string(),
        }
    }
}

impl Status {
    fn text(&self) -> String {
        format!(
            "accounts: {}\nprofiles: {}\nmissing profiles: {}\nunresolved accounts: {}\n\
             orphaned profiles: {}\nsync percentage: {:.1}%\ntrigger: {}\nsource: {}\n\
             checked: {}",
            self.total_auth_users,
            self.total_profiles,
            self.missing_profiles,
            self.unresolved_users,
            self.orphaned_profiles,
            self.sync_percentage,
            self.trigger_state,
            self.source,
            self.checked_time,
        )
    }
}

pub(super) async fn status(asked: SyncStatus, config: &Config) -> Result<Outcome, Failure> {
    let cx = connect::open(config).await?;
    let scope = authorize(&cx.caller, Action::GetSyncStatus, NamedTenant::None, None)?;
    let found = ops::get_sync_status(&cx, scope, ()).await?;
    let shown = Status::from(&found);
    print::either(asked.output, &shown, || shown.text())?;
    let drifted = asked.exit_code && !found.in_sync();
    Ok(if drifted { Outcome::Different } else { Outcome::Done })
}

#[derive(Serialize)]
struct Made {
    created: bool,
    profile: Shown,
}

#[derive(Serialize)]
struct Shown {
    user_id: String,
    tenant_id: String,
    email: String,
    role: &'static str,
    state: &'static str,
    create_time: String,
    update_time: String,
}

impl From<&Profile> for Shown {
    fn from(profile: &Profile) -> Self {
        Self {
            user_id: profile.user_id.to_string(),
            tenant_id: profile.tenant_id.to_string(),
            email: profile.email.as_typed().to_owned(),
            role: profile.role.as_str(),
            state: profile.state.as_str(),
            create_time: profile.create_time.to_string(),
            update_time: profile.update_time.to_string(),
        }
    }
}

/// Idempotent: a profile that exists is an answer, not a failure.
pub(super) async fn create_profile(
    asked: &CreateProfile,
    config: &Config,
) -> Result<Outcome, Failure> {
    let user_id = UserId::parse("USER_ID", &asked.user_id)?;
    let cx = connect::open(config).await?;
    let tenant_id = match &asked.tenant {
        Some(slug) => Some(tenant::find(&cx, slug).await?.id),
        None => None,
    };
    let named = NamedTenant::Scope(tenant_id);
    let scope = authorize(&cx.caller, Action::CreateProfile, named, None)?;
    let input = ops::CreateProfile {
        user_id,
        role: asked.role,
        tenant_id,
        request: None,
        validate_only: false,
    };
    let made = ops::create_profile(&cx, scope, input).await.map_err(|error| {
        let hint = match error.reason() {
            Reason::NotFound => {
                "check the id; it is that of an account, as users.id has it, not of a profile"
            }
            _ => "",
        };
        Failure::with_hint(&error, hint)
    })?;
    let shown = Made { created: made.created, profile: Shown::from(&made.profile) };
    print::either(asked.output, &shown, || {
        let what = if made.created { "was made" } else { "already exists" };
        let Shown { user_id, tenant_id, role, .. } = &shown.profile;
        format!("the profile of {user_id} in tenant {tenant_id} {what}, with role {role}")
    })?;
    Ok(Outcome::Done)
}
