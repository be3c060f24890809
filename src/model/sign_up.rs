//! Sign-ups that wait for the proof of a mailbox.

use super::{
    clock::Instant,
    email::EmailAddress,
    id::{PendingSignUpId, SubjectId, TenantId},
};

/// What places a sign-up into its tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    Domain,
    Invitation,
}

crate::closed_set!(Basis { Domain = "domain", Invitation = "invitation" });

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingSignUp {
    pub id: PendingSignUpId,
    pub email: EmailAddress,
    pub basis: Basis,
    /// The domain row or the invitation that placed the address.
    pub basis_id: SubjectId,
    pub tenant_id: TenantId,
    /// Key under which the token was made.
    pub kid: String,
    pub expire_time: Instant,
    /// When the proof was last mailed.
    pub mail_time: Option<Instant>,
}
