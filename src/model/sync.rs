//! How accounts and profiles stand to each other.

use super::{
    clock::Instant,
    id::{TenantId, UserId},
};

/// What the database's fences look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TriggerState {
    Active,
    Disabled,
    Missing,
}

crate::closed_set!(TriggerState { Active = "active", Disabled = "disabled", Missing = "missing" });

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncStatus {
    pub total_auth_users: u32,
    /// Users that have their home profile.
    pub total_profiles: u32,
    pub missing_profiles: u32,
    /// Users that cannot be placed; always 0 on the native source, where a tenant is mandatory.
    pub unresolved_users: u32,
    /// Profiles whose user is gone.
    pub orphaned_profiles: u32,
    pub trigger_state: TriggerState,
    pub checked_time: Instant,
}

impl SyncStatus {
    /// Share of placeable accounts with their profile, in percent, rounded down to one decimal.
    pub fn percentage(&self) -> f64 {
        let placeable = self.total_auth_users.saturating_sub(self.unresolved_users);
        if placeable == 0 {
            return 100.0;
        }
        let tenths = u64::from(self.total_profiles) * 1_000 / u64::from(placeable);
        f64::from(u32::try_from(tenths.min(1_000)).unwrap_or(1_000)) / 10.0
    }

    pub fn in_sync(&self) -> bool {
        self.missing_profiles == 0
            && self.orphaned_profiles == 0
            && self.trigger_state == TriggerState::Active
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DriftKind {
    UserWithoutProfile,
    ProfileWithoutUser,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drift {
    pub kind: DriftKind,
    pub user_id: UserId,
    pub tenant_id: TenantId,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(total_auth_users: u32, total_profiles: u32, unresolved_users: u32) -> SyncStatus {
        SyncStatus {
            total_auth_users,
            total_profiles,
            missing_profiles: 0,
            unresolved_users,
            orphaned_profiles: 0,
            trigger_state: TriggerState::Active,
            checked_time: Instant::from_micros(0),
        }
    }

    #[test]
    fn only_all_is_a_hundred_percent() {
        for (users, profiles, unresolved, percent) in [
            (0, 0, 0, "100"),
            (2, 0, 2, "100"),
            (1, 0, 0, "0"),
            (3, 1, 0, "33.3"),
            (150, 143, 0, "95.3"),
            (150, 143, 2, "96.6"),
            (150, 148, 2, "100"),
            (10_000, 9_999, 0, "99.9"),
            (u32::MAX, u32::MAX - 1, 0, "99.9"),
            (1, 2, 0, "100"),
            (1, 1, 2, "100"),
        ] {
            let told = status(users, profiles, unresolved).percentage();
            assert_eq!(told.to_string(), percent, "{profiles} of {users} less {unresolved}");
        }
    }

    #[test]
    fn in_sync_is_nothing_missing_nothing_orphaned_and_the_trigger_on() {
        let good = status(1, 1, 0);
        assert!(good.in_sync());
        assert!(!SyncStatus { missing_profiles: 1, ..good.clone() }.in_sync());
        assert!(!SyncStatus { orphaned_profiles: 1, ..good.clone() }.in_sync());
        for trigger_state in [TriggerState::Disabled, TriggerState::Missing] {
            assert!(!SyncStatus { trigger_state, ..good.clone() }.in_sync());
        }
    }
}
