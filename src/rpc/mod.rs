//! The gRPC edge: what surrounds every call, the services, how errors and health look from
//! outside.

mod auth;
mod authn;
mod call;
mod convert;
pub mod health;
mod invitation;
pub mod layers;
mod redact;
pub mod reflection;
mod routes;
pub mod status;
mod sync;
mod tenant;

pub use routes::{SERVICES, routes};

/// Largest request message; every service is wrapped with
/// `max_decoding_message_size(MAX_MESSAGE)`.
pub const MAX_MESSAGE: usize = 256 * 1024;
