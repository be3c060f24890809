//! Invitations.

pub(super) mod admit;
mod inviter;
