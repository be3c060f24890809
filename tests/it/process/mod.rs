//! The program as a process: how it ends, what a crash leaves, what it tells.

mod crash;
mod refusals;
mod secrets;
mod shutdown;
