//! gRPC.
mod redact;
