//! Rows: the only place with diesel. One set of queries on SQLite and PostgreSQL.
//!
//! A transaction is opened with a [`Scope`](crate::access::Scope) and carries it: every function
//! on a tenant-owned table reads the scope from its [`Tx`], and PostgreSQL's row-level security
//! gets the same scope in the message that begins the transaction.

#[macro_use]
mod tx;
#[macro_use]
mod expiry;
mod connect;
mod error;
pub mod migrate;
mod schema;
mod types;

pub mod api_keys;
pub mod departures;
pub mod events;
pub mod fences;
pub mod health;
pub mod idempotency;
pub mod invitation_tokens;
pub mod keys;
pub mod mail_outbox;
pub mod pending_sign_ups;
pub mod sessions;
pub mod sync;
pub mod tenant_domains;
pub mod tenants;
pub mod throttle;
pub mod user_profiles;
pub mod users;

pub use connect::{Db, Target, user_of};
pub use tx::{Tx, TxBody};
