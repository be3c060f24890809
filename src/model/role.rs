//! Roles in a tenant, ordered by power.

/// `Member < Admin < Owner`; nobody grants above their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    Member,
    Admin,
    Owner,
}

crate::closed_set!(Role { Member = "member", Admin = "admin", Owner = "owner" });

#[cfg(test)]
mod tests {
    use super::Role;

    // R-TEN-7: whatever compares roles rests on this order.
    #[test]
    fn each_role_is_above_the_one_before() {
        assert_eq!(Role::ALL, [Role::Member, Role::Admin, Role::Owner]);
        assert!(Role::ALL.is_sorted_by(|lower, upper| lower < upper));
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(*role));
        }
        for text in ["", "OWNER", "owner ", "root"] {
            assert!(text.parse::<Role>().is_err(), "{text:?}");
        }
    }
}
