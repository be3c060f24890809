//! Migrations: embedded, applied and undone under a lock, and checked against the catalogue.

mod catalogue;
mod lock;
mod runner;
mod sql;

pub use catalogue::{Difference, dump, verify};
pub use runner::{Status, down, rows_at_risk, status, up};
pub use sql::sql_of;

/// The tables that each migration makes; a test compares this with the catalogue.
pub const TABLES: &[(&str, &[&str])] = &[
    ("0001", &["tenants", "tenant_domains"]),
    ("0002", &["event_head", "events"]),
    ("0003", &["users", "user_profiles"]),
    ("0004", &["pending_sign_ups", "sessions", "mail_outbox"]),
    ("0005", &["keys", "api_keys"]),
    ("0006", &["invitation_tokens", "departures", "idempotency"]),
    ("0007", &["throttle"]),
];

/// The version of this binary's schema.
pub fn latest_version() -> &'static str {
    TABLES.last().map_or("", |(version, _)| version)
}
