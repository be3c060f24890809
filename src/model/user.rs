//! Accounts: one for each e-mail address.

use super::{
    clock::Instant,
    email::EmailAddress,
    id::{TenantId, UserId},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserState {
    Active,
    Suspended,
}

crate::closed_set!(UserState { Active = "active", Suspended = "suspended" });

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub id: UserId,
    pub email: EmailAddress,
    /// Home tenant: the one the account was placed in.
    pub tenant_id: TenantId,
    pub state: UserState,
    /// When the address was proven; `None` for accounts of foreign writers that never proved it.
    pub verified_time: Option<Instant>,
    pub create_time: Instant,
}
