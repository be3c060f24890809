//! The policy file against the contract, the document and the build that reads it.

mod coverage;
mod permissions;
mod refusals;
