//! Profiles: a user in a tenant.

use super::{
    clock::Instant,
    email::EmailAddress,
    id::{TenantId, UserId},
    role::Role,
    text::DisplayName,
};
use std::time::Duration;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProfileState {
    Active,
    Suspended,
}

crate::closed_set!(ProfileState { Active = "active", Suspended = "suspended" });

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    pub tenant_id: TenantId,
    pub user_id: UserId,
    pub email: EmailAddress,
    pub display_name: DisplayName,
    pub role: Role,
    pub state: ProfileState,
    /// Version of the membership; tokens carry it.
    pub mver: i64,
    pub create_time: Instant,
    pub update_time: Instant,
}

impl Profile {
    /// Changes with every change of the row's content.
    pub fn etag(&self) -> String {
        format!("{:x}", self.update_time.as_micros())
    }

    /// The time of a change at `now`. Always later than the change before, even where the
    /// database counts milliseconds, so that the etag differs too.
    pub fn changed_at(&self, now: Instant) -> Instant {
        now.max(self.update_time + Duration::from_micros(1))
    }
}

/// Which profiles of a tenant to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProfileFilter {
    pub role: Option<Role>,
    pub state: Option<ProfileState>,
    /// Literal prefix of the canonical address.
    pub email_prefix: Option<String>,
}

/// A profile as far as the caller may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProfileView {
    Full(Profile),
    /// What members see of each other: who is there, in which role.
    Name {
        tenant_id: TenantId,
        user_id: UserId,
        display_name: DisplayName,
        role: Role,
    },
}

impl ProfileView {
    /// The view without address, state and times.
    pub fn name_only(profile: Profile) -> Self {
        Self::Name {
            tenant_id: profile.tenant_id,
            user_id: profile.user_id,
            display_name: profile.display_name,
            role: profile.role,
        }
    }
}
