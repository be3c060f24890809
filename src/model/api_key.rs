//! API keys. Only the hash is stored; the key itself is shown once.

use super::{
    clock::Instant,
    id::{ApiKeyId, TenantId, UserId},
    role::Role,
    text::DisplayName,
};

/// What is kept of a key, but for its hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    pub id: ApiKeyId,
    /// The tenant, and the most that the key may be in it; `None` for a key of the platform.
    pub tenant: Option<(TenantId, Role)>,
    pub name: DisplayName,
    pub scopes: KeyScopes,
    /// Who made it; `None` for a key of the platform.
    pub created_by: Option<UserId>,
    pub create_time: Instant,
    /// `None`: it does not run out.
    pub expire_time: Option<Instant>,
    /// To the minute.
    pub last_used_time: Option<Instant>,
    pub revoke_time: Option<Instant>,
}

/// What stands behind a key now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyStanding {
    pub id: ApiKeyId,
    /// The key's tenant; `None` for a key of the platform.
    pub tenant_id: Option<TenantId>,
    /// The lesser of the key's and its creator's role; `None` for a key of the platform, or when
    /// the creator is no active member any more.
    pub role: Option<Role>,
    pub scopes: KeyScopes,
    /// Neither revoked nor expired, and its creator still an active member.
    pub live: bool,
    /// The tenant is active; so is the platform.
    pub tenant_active: bool,
    /// The last-used time wants writing.
    pub unnoted: bool,
}

impl KeyStanding {
    /// Whether the key opens anything at all.
    pub const fn may_act(&self) -> bool {
        self.live && self.tenant_active
    }
}

/// What a key may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyScope {
    TokensValidate,
    TenantsRead,
    DomainsRead,
    DomainsWrite,
    UsersRead,
    UsersWrite,
    InvitationsRead,
    InvitationsWrite,
}

crate::closed_set!(KeyScope {
    TokensValidate = "tokens:validate",
    TenantsRead = "tenants:read",
    DomainsRead = "domains:read",
    DomainsWrite = "domains:write",
    UsersRead = "users:read",
    UsersWrite = "users:write",
    InvitationsRead = "invitations:read",
    InvitationsWrite = "invitations:write",
});

/// The scopes of a key. Of a tenant's key the empty set allows nothing; of a platform key it
/// means no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KeyScopes(u16);

impl KeyScopes {
    const fn bit(scope: KeyScope) -> u16 {
        1 << scope as u16
    }

    pub const fn contains(self, scope: KeyScope) -> bool {
        self.0 & Self::bit(scope) != 0
    }

    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The scopes in the order of [`KeyScope::ALL`].
    pub fn iter(self) -> impl Iterator<Item = KeyScope> {
        KeyScope::ALL.iter().copied().filter(move |scope| self.contains(*scope))
    }
}

impl FromIterator<KeyScope> for KeyScopes {
    fn from_iter<I: IntoIterator<Item = KeyScope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | Self::bit(scope)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::id::Id as _;

    #[test]
    fn a_set_holds_what_was_put_in_and_nothing_else() {
        for scope in KeyScope::ALL {
            // Twice is once.
            let one: KeyScopes = [*scope, *scope].into_iter().collect();
            for other in KeyScope::ALL {
                assert_eq!(one.contains(*other), other == scope, "{other} in {scope}");
            }
            assert!(!one.is_empty());
            assert_eq!(one.iter().collect::<Vec<_>>(), [*scope]);
        }
    }

    #[test]
    fn a_set_lists_its_scopes_in_order_whatever_the_order_of_putting() {
        let all: KeyScopes = KeyScope::ALL.iter().rev().copied().collect();
        assert_eq!(all.iter().collect::<Vec<_>>(), KeyScope::ALL);
        let two: KeyScopes = [KeyScope::UsersRead, KeyScope::TokensValidate].into_iter().collect();
        let expected = [KeyScope::TokensValidate, KeyScope::UsersRead];
        assert_eq!(two.iter().collect::<Vec<_>>(), expected);
        assert_ne!(two, all);
    }

    #[test]
    fn the_empty_set_contains_nothing() {
        let none = KeyScopes::default();
        assert!(none.is_empty());
        assert_eq!(none.iter().count(), 0);
        assert_eq!(none, [].into_iter().collect());
    }

    #[test]
    fn names_of_scopes_can_be_read_again() {
        for scope in KeyScope::ALL {
            assert_eq!(scope.as_str().parse(), Ok(*scope));
        }
        assert!("users".parse::<KeyScope>().is_err());
    }

    #[test]
    fn a_key_acts_while_it_lives_and_its_tenant_is_active() {
        for (live, tenant_active) in [(true, true), (true, false), (false, true), (false, false)] {
            let standing = KeyStanding {
                id: ApiKeyId::from_uuid(uuid::Uuid::nil()),
                tenant_id: None,
                role: None,
                scopes: KeyScopes::default(),
                live,
                tenant_active,
                unnoted: false,
            };
            assert_eq!(standing.may_act(), live && tenant_active);
        }
    }
}
