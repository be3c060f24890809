//! The one integration binary. Every behaviour runs on SQLite and on PostgreSQL.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::missing_panics_doc, reason = "tests")]
#![allow(clippy::disallowed_methods, reason = "tests choose their own time, tasks and environment")]

#[macro_use]
mod support;

mod api_key;
mod auth;
mod cli;
mod contract;
mod failure;
mod idempotency;
mod invitation;
mod layout;
mod matrix;
mod process;
mod storage;
mod sync;
mod tenant;
mod transport;
