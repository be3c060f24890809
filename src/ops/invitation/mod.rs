//! Invitations.

mod accept_invitation;
pub(super) mod admit;
mod create_invitation;
mod decline_invitation;
mod get_invitation;
mod inviter;
mod issue;
mod list_invitations;
mod list_my_invitations;
pub(super) mod make;
mod preview_invitation;
mod resend_invitation;
mod revoke_invitation;
pub(super) mod token;

pub use accept_invitation::{AcceptInvitation, Accepted, By, accept_invitation};
pub use create_invitation::{CreateInvitation, CreatedInvitation, create_invitation};
pub use decline_invitation::decline_invitation;
pub use get_invitation::get_invitation;
pub use issue::{IssuedInvitation, Returned};
pub use list_invitations::{ListInvitations, list_invitations};
pub use list_my_invitations::list_my_invitations;
pub use make::Expiry;
pub use preview_invitation::{Preview, preview_invitation};
pub use resend_invitation::{ResendInvitation, resend_invitation};
pub use revoke_invitation::revoke_invitation;
