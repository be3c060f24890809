//! Who asks, as the credential proves it.

use crate::model::{
    event::{Actor, ActorKind},
    id::{ApiKeyId, SessionId, TenantId, UserId},
    role::Role,
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    Anonymous,
    /// A person with an access token.
    User(UserCaller),
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// With a platform API key.
    Key(ApiKeyId),
    /// On the command line, with direct access to the database.
    CommandLine,
}

impl Caller {
    /// The caller as events name them.
    pub fn actor(&self, request_id: &str) -> Actor {
        let (kind, id) = match self {
            Self::Anonymous => (ActorKind::Anonymous, None),
            Self::User(user) => (ActorKind::User, Some(user.user_id.into())),
            Self::Operator(Operator::Key(key)) => (ActorKind::Operator, Some((*key).into())),
            Self::Operator(Operator::CommandLine) => (ActorKind::Operator, None),
        };
        Actor { kind, id, request_id: request_id.to_owned() }
    }

    /// The role in the credential's tenant; operators have none.
    pub const fn role_in_tenant(&self) -> Option<Role> {
        match self {
            Self::User(user) => Some(user.role),
            Self::Anonymous | Self::Operator(_) => None,
        }
    }
}
