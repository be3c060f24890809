//! Requests that name themselves, so that they can be repeated.

use super::id::RequestId;
use std::time::Duration;

/// The name that a caller gave a request, and what the request says.
#[derive(Clone, PartialEq, Eq)]
pub struct RequestKey {
    pub id: RequestId,
    /// The action's name and the message, without what only names or tries the request.
    pub body: Vec<u8>,
}

impl RequestKey {
    /// How long a repeat is recognised.
    pub const LIFE: Duration = Duration::from_hours(24);
}
