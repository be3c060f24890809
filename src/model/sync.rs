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
