//! Between messages and domain types: parsing reports every unacceptable field at once.

#![allow(
    clippy::needless_pass_by_value,
    reason = "every message is parsed, and every result rendered, by value"
)]

pub(super) mod api_key;
pub(super) mod auth;
mod fields;
pub(super) mod invitation;
mod resources;
pub(super) mod sync;
pub(super) mod tenant;
