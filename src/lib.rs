//! Reeve: sign-up into the right tenant, tokens, and accounts and profiles in step, over gRPC.

pub mod cli;
pub mod config;
pub mod model;
pub mod telemetry;
