//! Who asks, as the credential proves it.

use crate::model::{
    api_key::{KeyScope, KeyScopes},
    event::{Actor, ActorKind},
    id::{ApiKeyId, SessionId, TenantId, UserId},
    invitation::{Inviter, InviterKind},
    role::Role,
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    Anonymous,
    /// A person with an access token.
    User(UserCaller),
    /// A program with a tenant's API key.
    Key(KeyCaller),
    /// Somebody who runs the service.
    Operator(Operator),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserCaller {
    pub user_id: UserId,
    pub session_id: SessionId,
    /// The active tenant of the token.
    pub tenant_id: TenantId,
    /// The role as the database has it now, not as the token was issued.
    pub role: Role,
    /// The version of the membership, as in the token and in the database.
    pub mver: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyCaller {
    pub key_id: ApiKeyId,
    /// The only tenant of the key.
    pub tenant_id: TenantId,
    /// The lesser of the key's role and of the role that its creator has now.
    pub role: Role,
    /// What the key may be used for; empty is nothing.
    pub scopes: KeyScopes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// With a platform API key; no scopes are no limit.
    Key { id: ApiKeyId, scopes: KeyScopes },
    /// On the command line, with direct access to the database.
    CommandLine,
}

impl Caller {
    /// The caller as events name them.
    pub fn actor(&self, request_id: &str) -> Actor {
        let (kind, id) = match self {
            Self::Anonymous => (ActorKind::Anonymous, None),
            Self::User(user) => (ActorKind::User, Some(user.user_id.into())),
            Self::Key(key) => (ActorKind::ApiKey, Some(key.key_id.into())),
            Self::Operator(Operator::Key { id, .. }) => (ActorKind::Operator, Some((*id).into())),
            Self::Operator(Operator::CommandLine) => (ActorKind::Operator, None),
        };
        Actor { kind, id, request_id: request_id.to_owned() }
    }

    /// On whose authority the caller invites; nobody's without a credential.
    pub fn inviter(&self) -> Option<Inviter> {
        let (kind, id) = match self {
            Self::Anonymous => return None,
            Self::User(user) => (InviterKind::User, Some(user.user_id.into())),
            Self::Key(key) => (InviterKind::ApiKey, Some(key.key_id.into())),
            Self::Operator(Operator::Key { id, .. }) => (InviterKind::Operator, Some((*id).into())),
            Self::Operator(Operator::CommandLine) => (InviterKind::Operator, None),
        };
        Some(Inviter { kind, id })
    }

    /// The person who asks; keys and operators are none.
    pub const fn user_id(&self) -> Option<UserId> {
        match self {
            Self::User(user) => Some(user.user_id),
            Self::Anonymous | Self::Key(_) | Self::Operator(_) => None,
        }
    }

    /// The session of the person who asks.
    pub const fn session_id(&self) -> Option<SessionId> {
        match self {
            Self::User(user) => Some(user.session_id),
            Self::Anonymous | Self::Key(_) | Self::Operator(_) => None,
        }
    }

    /// The tenant the credential belongs to; operators belong to none.
    pub const fn tenant_id(&self) -> Option<TenantId> {
        match self {
            Self::User(user) => Some(user.tenant_id),
            Self::Key(key) => Some(key.tenant_id),
            Self::Anonymous | Self::Operator(_) => None,
        }
    }

    /// The role in that tenant. What members may see is decided by it, for a person as for a key.
    pub const fn role_in_tenant(&self) -> Option<Role> {
        match self {
            Self::User(user) => Some(user.role),
            Self::Key(key) => Some(key.role),
            Self::Anonymous | Self::Operator(_) => None,
        }
    }
}

impl Operator {
    /// Whether the scopes of the operator's key allow an action that asks keys for `scope`.
    pub(super) fn is_within_scopes(self, scope: Option<KeyScope>) -> bool {
        match self {
            Self::CommandLine => true,
            Self::Key { scopes, .. } => {
                scopes.is_empty() || scope.is_some_and(|scope| scopes.contains(scope))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::testing::*, *};
    use crate::model::id::SubjectId;

    #[test]
    fn every_caller_is_who_the_credential_says() {
        let of = |caller: &Caller| (caller.user_id(), caller.tenant_id(), caller.role_in_tenant());
        assert_eq!(of(&Caller::Anonymous), (None, None, None));
        for role in [Role::Member, Role::Owner] {
            assert_eq!(of(&user(role)), (Some(person()), Some(own()), Some(role)));
            assert_eq!(of(&key(role, &[KeyScope::UsersRead])), (None, Some(own()), Some(role)));
        }
        assert_eq!(of(&platform_key(&[])), (None, None, None));
        assert_eq!(of(&COMMAND_LINE), (None, None, None));
    }

    #[test]
    fn only_people_have_sessions() {
        assert_eq!(user(Role::Member).session_id(), Some(session()));
        let others = [Caller::Anonymous, key(Role::Member, &[]), platform_key(&[]), COMMAND_LINE];
        for caller in others {
            assert_eq!(caller.session_id(), None, "{caller:?}");
        }
    }

    #[test]
    fn invitations_rest_on_the_caller() {
        let of = |caller: &Caller| caller.inviter().map(|it| (it.kind.as_str(), it.id));
        assert_eq!(of(&Caller::Anonymous), None);
        assert_eq!(of(&user(Role::Owner)), Some(("user", Some(person().into()))));
        assert_eq!(of(&key(Role::Admin, &[])), Some(("api_key", Some(key_id().into()))));
        assert_eq!(of(&platform_key(&[])), Some(("operator", Some(key_id().into()))));
        assert_eq!(of(&COMMAND_LINE), Some(("operator", None)));
    }

    #[test]
    fn events_name_the_caller() {
        let named: [(Caller, &str, Option<SubjectId>); 5] = [
            (Caller::Anonymous, "anonymous", None),
            (user(Role::Member), "user", Some(person().into())),
            (key(Role::Member, &[]), "api_key", Some(key_id().into())),
            (platform_key(&[]), "operator", Some(key_id().into())),
            (COMMAND_LINE, "operator", None),
        ];
        for (caller, kind, id) in named {
            let actor = caller.actor("r-1");
            assert_eq!((actor.kind.as_str(), actor.id), (kind, id), "{caller:?}");
            assert_eq!(actor.request_id, "r-1");
        }
    }
}
