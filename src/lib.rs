//! Reeve: sign-up into the right tenant, tokens, and accounts and profiles in step, over gRPC.

pub mod access;
pub mod app;
pub mod boot;
pub mod cli;
pub mod config;
pub mod db;
pub mod mail;
pub mod model;
pub mod ops;
pub mod password;
pub mod pb;
pub mod rpc;
pub mod serve;
pub mod server;
pub mod telemetry;
pub mod token;
