//! Roles in a tenant, ordered by power.

/// `Member < Admin < Owner`; nobody grants above their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    Member,
    Admin,
    Owner,
}

crate::closed_set!(Role { Member = "member", Admin = "admin", Owner = "owner" });
