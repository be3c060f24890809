//! Sessions: one row for each sign-in, with the counter that its refresh token carries.

use super::{
    clock::Instant,
    id::{SessionId, TenantId, UserId},
};

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndReason {
    SignedOut,
    RefreshTokenReused,
    /// The account's mailbox was proven, by another session.
    MailboxProven,
}

crate::closed_set!(EndReason {
    SignedOut = "signed_out",
    RefreshTokenReused = "refresh_token_reused",
    MailboxProven = "mailbox_proven",
});

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub id: SessionId,
    pub tenant_id: TenantId,
    pub user_id: UserId,
    /// How often the refresh token was rotated.
    pub counter: i64,
    /// Key under which the current refresh token was made.
    pub kid: String,
    pub rotated_time: Instant,
    pub idle_expire_time: Instant,
    /// Never extended.
    pub expire_time: Instant,
    pub user_agent: String,
    pub ip: String,
    pub end_time: Option<Instant>,
    pub create_time: Instant,
    pub last_used_time: Instant,
}

/// Which sessions a sign-out ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignOutScope {
    Current,
    Others,
    All,
}

/// The state behind an access token, read from the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub role: super::role::Role,
    /// Version of the membership; a token with another one is stale.
    pub mver: i64,
    /// Session open, user and profile and tenant active.
    pub live: bool,
}
