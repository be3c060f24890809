//! Who asks, what they may do, and the proof that it was allowed.

mod caller;
mod policy;
mod scope;

pub use caller::{Caller, Operator, UserCaller};
pub use policy::{Action, NamedTenant, authorize};
pub use scope::{Reach, Scope, SystemUse};
