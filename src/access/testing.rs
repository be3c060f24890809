//! Callers for the tests of this module.

use super::{Caller, KeyCaller, Operator, UserCaller};
use crate::model::{
    api_key::KeyScope,
    id::{ApiKeyId, Id, SessionId, TenantId, UserId},
    role::Role,
};
use uuid::Uuid;

pub const COMMAND_LINE: Caller = Caller::Operator(Operator::CommandLine);

fn id<I: Id>(number: u128) -> I {
    I::from_uuid(Uuid::from_u128(number))
}

/// The tenant of every caller that has one.
pub fn own() -> TenantId {
    id(1)
}
pub fn other() -> TenantId {
    id(2)
}
pub fn third() -> TenantId {
    id(3)
}
pub fn person() -> UserId {
    id(4)
}
pub fn session() -> SessionId {
    id(6)
}
pub fn key_id() -> ApiKeyId {
    id(5)
}

pub fn user(role: Role) -> Caller {
    let (user_id, session_id, tenant_id) = (person(), session(), own());
    Caller::User(UserCaller { user_id, session_id, tenant_id, role, mver: 7 })
}

pub fn key(role: Role, scopes: &[KeyScope]) -> Caller {
    let scopes = scopes.iter().copied().collect();
    Caller::Key(KeyCaller { key_id: key_id(), tenant_id: own(), role, scopes })
}

pub fn platform_key(scopes: &[KeyScope]) -> Caller {
    let scopes = scopes.iter().copied().collect();
    Caller::Operator(Operator::Key { id: key_id(), scopes })
}
