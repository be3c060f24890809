//! The gRPC edge: what surrounds every call, how errors and health look from outside.

pub mod health;
pub mod layers;
pub mod reflection;
pub mod status;

/// Largest request message; every service is wrapped with
/// `max_decoding_message_size(MAX_MESSAGE)`.
pub const MAX_MESSAGE: usize = 256 * 1024;
