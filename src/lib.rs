//! reeve
