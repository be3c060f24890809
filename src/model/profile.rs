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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::id::Id as _;

    fn profile(update_micros: i64) -> Profile {
        Profile {
            tenant_id: TenantId::from_uuid(uuid::Uuid::nil()),
            user_id: UserId::from_uuid(uuid::Uuid::max()),
            email: EmailAddress::parse("email", "ann@acme.com").unwrap(),
            display_name: DisplayName::parse("display_name", "Ann").unwrap(),
            role: Role::Admin,
            state: ProfileState::Active,
            mver: 1,
            create_time: Instant::from_micros(0),
            update_time: Instant::from_micros(update_micros),
        }
    }

    #[test]
    fn a_change_is_always_later_than_the_one_before() {
        let before = profile(1_000);
        for (now, changed) in [(0, 1_001), (1_000, 1_001), (1_001, 1_001), (1_002, 1_002)] {
            let changed_at = before.changed_at(Instant::from_micros(now));
            assert_eq!(changed_at, Instant::from_micros(changed));
            assert_ne!(profile(changed).etag(), before.etag());
        }
        assert_eq!(before.etag(), "3e8");
    }

    #[test]
    fn members_see_who_is_there_in_which_role() {
        let full = profile(0);
        let expected = ProfileView::Name {
            tenant_id: full.tenant_id,
            user_id: full.user_id,
            display_name: full.display_name.clone(),
            role: Role::Admin,
        };
        assert_eq!(ProfileView::name_only(full), expected);
    }
}
