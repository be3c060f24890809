//! Keys of platform operators.

mod bootstrap;
mod create_key;
mod list_keys;
mod revoke_key;

pub use bootstrap::bootstrap;
pub use create_key::{CreateOperatorKey, CreatedOperatorKey, create_operator_key};
pub use list_keys::list_operator_keys;
pub use revoke_key::revoke_operator_key;
