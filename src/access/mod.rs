//! Who asks, what they may do, and the proof that it was allowed.

mod caller;
mod policy;
mod rule;
mod scope;

#[cfg(test)]
mod rule_tests;
#[cfg(test)]
mod scope_tests;
#[cfg(test)]
mod testing;

pub use caller::{Caller, KeyCaller, Operator, UserCaller};
pub use policy::{Action, Row, TenantField, authorize};
pub use rule::{ByOperator, NamedTenant, Person, Rule};
pub use scope::{Reach, Scope, SystemUse};
