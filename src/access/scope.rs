//! The proof that access was allowed: whoever holds a [`Scope`] got it from the policy.

use crate::model::{
    id::{SubjectId, TenantId, UserId},
    invitation::Invitation,
    profile::Profile,
    user::User,
};

/// Which rows a transaction may touch. Its field is private and only this module's siblings
/// make one, so holding it is the permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope(Reach);

/// What a scope reaches; the storage layer turns it into a condition and, on PostgreSQL, into
/// the setting that row-level security reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Rows of one tenant.
    Tenant(TenantId),
    /// A person's own rows, in every tenant.
    Own(UserId),
    /// Every row, for a named use.
    System(SystemUse),
}

/// Every use that may reach across tenants, by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SystemUse {
    /// Finds the tenant of an address, and keeps what waits for its proof.
    Placement,
    /// Finds an account by its address.
    SignIn,
    /// Finds a session by its refresh token.
    Refresh,
    /// Checks what stands behind a credential.
    Authenticate,
    /// Platform operators, on platform-wide questions.
    Operator,
    /// Compares accounts with profiles.
    Sync,
    /// Reads and makes keys.
    Keyring,
    /// Sends mail.
    Outbox,
    /// Counts attempts.
    Throttle,
    /// Asks whether the database answers.
    Health,
    /// Finds an invitation by its token, for who holds it.
    Invitation,
    /// Finds where a person's home moves when the membership there ends.
    Home,
    /// Deletes what has run out.
    Purge,
}

impl Scope {
    pub(super) const fn tenant(tenant: TenantId) -> Self {
        Self(Reach::Tenant(tenant))
    }
    pub(super) const fn own(user: UserId) -> Self {
        Self(Reach::Own(user))
    }

    /// The tenant that invited: being its addressee is the permission.
    pub fn invited(user: &User, invitation: &Invitation) -> Option<Self> {
        (user.email.key() == invitation.email.key()).then(|| Self::tenant(invitation.tenant_id))
    }

    /// The tenant of a person's own membership, to end it: holding it is the permission.
    pub fn member(user: UserId, profile: &Profile) -> Option<Self> {
        (profile.user_id == user).then(|| Self::tenant(profile.tenant_id))
    }

    /// The scope of a use that no caller stands behind: workers, start-up, authentication.
    pub const fn system(used_for: SystemUse) -> Self {
        Self(Reach::System(used_for))
    }

    pub const fn reach(&self) -> Reach {
        self.0
    }

    /// The tenant the scope is bound to, if it is bound to one.
    pub const fn tenant_id(&self) -> Option<TenantId> {
        match self.0 {
            Reach::Tenant(tenant) => Some(tenant),
            Reach::Own(_) | Reach::System(_) => None,
        }
    }

    /// The tenant or person that the scope is bound to, else the platform.
    pub fn subject(&self) -> SubjectId {
        match self.0 {
            Reach::Tenant(tenant) => tenant.into(),
            Reach::Own(person) => person.into(),
            Reach::System(_) => SubjectId::PLATFORM,
        }
    }
}
