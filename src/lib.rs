//! Reeve: sign-up into the right tenant, tokens, and accounts and profiles in step, over gRPC.

pub mod access;
pub mod db;
pub mod model;
pub mod pb;
pub mod rpc;
