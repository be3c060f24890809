//! Events: what happened, appended in the transaction of the change.

use super::id::{SubjectId, TenantId};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    TenantCreated,
    DomainAdded,
    DomainRemoved,
    UserCreated,
    ProfileCreated,
    ProfileUpdated,
    RoleChanged,
    /// Somebody else ended the membership.
    ProfileRemoved,
    /// The person ended the membership.
    ProfileLeft,
    HomeMoved,
    UserDeleted,
    InvitationCreated,
    InvitationResent,
    InvitationAccepted,
    InvitationDeclined,
    InvitationRevoked,
    /// Closed because a new one follows.
    InvitationExpired,
    ApiKeyCreated,
    ApiKeyRevoked,
    SessionEnded,
    RefreshTokenReused,
    OperatorKeyCreated,
    OperatorKeyRevoked,
}

crate::closed_set!(EventKind {
    TenantCreated = "tenant.created",
    DomainAdded = "domain.added",
    DomainRemoved = "domain.removed",
    UserCreated = "user.created",
    ProfileCreated = "profile.created",
    ProfileUpdated = "profile.updated",
    RoleChanged = "profile.role_changed",
    ProfileRemoved = "profile.removed",
    ProfileLeft = "profile.left",
    HomeMoved = "user.home_moved",
    UserDeleted = "user.deleted",
    InvitationCreated = "invitation.created",
    InvitationResent = "invitation.resent",
    InvitationAccepted = "invitation.accepted",
    InvitationDeclined = "invitation.declined",
    InvitationRevoked = "invitation.revoked",
    InvitationExpired = "invitation.expired",
    ApiKeyCreated = "api_key.created",
    ApiKeyRevoked = "api_key.revoked",
    SessionEnded = "session.ended",
    RefreshTokenReused = "session.refresh_token_reused",
    OperatorKeyCreated = "operator_key.created",
    OperatorKeyRevoked = "operator_key.revoked",
});

/// An event to append. Holds identifiers and closed-set values, never addresses or secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    pub kind: EventKind,
    pub tenant_id: Option<TenantId>,
    pub subject_id: SubjectId,
    pub data: serde_json::Value,
}

impl NewEvent {
    pub fn new(kind: EventKind, tenant: Option<TenantId>, subject: impl Into<SubjectId>) -> Self {
        Self { kind, tenant_id: tenant, subject_id: subject.into(), data: serde_json::json!({}) }
    }

    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<serde_json::Value>) -> Self {
        if let Some(map) = self.data.as_object_mut() {
            map.insert(key.to_owned(), value.into());
        }
        self
    }
}

/// Who caused an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    pub kind: ActorKind,
    pub id: Option<SubjectId>,
    pub request_id: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActorKind {
    Anonymous,
    User,
    /// A tenant's key; a platform key is an operator.
    ApiKey,
    Operator,
    System,
    Trigger,
}

crate::closed_set!(ActorKind {
    Anonymous = "anonymous",
    User = "user",
    ApiKey = "api_key",
    Operator = "operator",
    System = "system",
    Trigger = "trigger",
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::id::{Id as _, UserId};

    #[test]
    fn an_event_says_what_it_was_given() {
        let (tenant, user) =
            (TenantId::from_uuid(uuid::Uuid::max()), UserId::from_uuid(uuid::Uuid::from_u128(1)));
        let plain = NewEvent::new(EventKind::RoleChanged, Some(tenant), user);
        assert_eq!((plain.kind, plain.tenant_id), (EventKind::RoleChanged, Some(tenant)));
        assert_eq!((plain.subject_id, &plain.data), (user.into(), &serde_json::json!({})));
        let full = plain.with("from", "member").with("to", "admin");
        assert_eq!(full.data, serde_json::json!({"from": "member", "to": "admin"}));
    }
}
