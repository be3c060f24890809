//! What the service does: plain async functions, domain types in and out, one operation a file.
//! The RPCs, the command line and the tests call the same ones.

pub mod auth;
mod authority;
mod cx;
mod idempotency;
pub mod invitation;
pub mod keyring;
mod last_owner;
mod membership;
pub mod operator;
pub mod outbox;
mod page;
pub mod placement;
pub mod probe;
pub mod purge;
mod seat;
pub mod self_test;
mod session;
pub mod sync;
pub mod tenant;
pub mod throttle;

pub use cx::{Client, Cx};
