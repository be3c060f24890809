//! Reeve: sign-up into the right tenant, tokens, and accounts and profiles in step, over gRPC.

pub mod model;
pub mod rpc;
pub mod server;
