//! Invitations.

mod admit;
mod inviter;
