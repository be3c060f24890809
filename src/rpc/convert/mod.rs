//! Between messages and domain types: parsing reports every unacceptable field at once.

pub(super) mod auth;
mod fields;
mod resources;
pub(super) mod sync;
pub(super) mod tenant;
