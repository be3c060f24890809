//! Keys of platform operators.

mod bootstrap;
mod create_key;

pub use bootstrap::bootstrap;
pub use create_key::{CreateOperatorKey, CreatedOperatorKey, create_operator_key};
