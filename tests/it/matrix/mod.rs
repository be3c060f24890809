//! The policy file against the contract, the document, the build that reads it, and every call
//! that the contract allows to be made.

mod callers;
mod cell;
mod coverage;
mod isolation;
mod oracle;
mod permissions;
mod refusals;
mod requests;
mod snapshot;
mod statements;
mod world;
