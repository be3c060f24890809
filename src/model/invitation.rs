//! Invitations into a tenant.

use super::{
    clock::Instant,
    email::EmailAddress,
    id::{InvitationId, SubjectId, TenantId, UserId},
    role::Role,
};

/// How the current token of an invitation left the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// Mailed to the invited address, so that it proves the mailbox.
    Outbox,
    /// Handed to whoever invited, so that it proves nothing.
    ReturnToken,
}

crate::closed_set!(Delivery { Outbox = "outbox", ReturnToken = "return_token" });

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvitationState {
    Pending,
    Accepted,
    Declined,
    Revoked,
    Expired,
}

crate::closed_set!(InvitationState {
    Pending = "pending",
    Accepted = "accepted",
    Declined = "declined",
    Revoked = "revoked",
    Expired = "expired",
});

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InviterKind {
    User,
    ApiKey,
    Operator,
}

crate::closed_set!(InviterKind { User = "user", ApiKey = "api_key", Operator = "operator" });

/// Whose authority an invitation rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inviter {
    pub kind: InviterKind,
    /// The user or key; `None` for an operator on the command line.
    pub id: Option<SubjectId>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    pub id: InvitationId,
    pub tenant_id: TenantId,
    pub email: EmailAddress,
    /// The role that accepting gives.
    pub role: Role,
    /// As stored, an invitation that has run out is still pending; see [`Self::state_at`].
    pub state: InvitationState,
    pub delivery: Delivery,
    pub inviter: Inviter,
    /// When the current token was made.
    pub token_time: Instant,
    pub resend_count: i32,
    pub create_time: Instant,
    pub expire_time: Instant,
    /// When it was accepted, declined, revoked, or closed as expired.
    pub end_time: Option<Instant>,
    pub accepted_by: Option<UserId>,
}

impl Invitation {
    /// The state at a time: expiry needs no writer.
    pub fn state_at(&self, now: Instant) -> InvitationState {
        if self.state == InvitationState::Pending && self.expire_time <= now {
            InvitationState::Expired
        } else {
            self.state
        }
    }

    /// The invitation as people are to see it at a time.
    #[must_use]
    pub fn as_of(self, now: Instant) -> Self {
        Self { state: self.state_at(now), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::id::Id as _;

    #[test]
    fn a_pending_invitation_expires_by_itself_and_no_other_does() {
        let end = Instant::from_micros(1_000);
        let of = |state| Invitation {
            id: InvitationId::from_uuid(uuid::Uuid::nil()),
            tenant_id: TenantId::from_uuid(uuid::Uuid::nil()),
            email: EmailAddress::parse("email", "bob@else.org").unwrap(),
            role: Role::Member,
            state,
            delivery: Delivery::Outbox,
            inviter: Inviter { kind: InviterKind::Operator, id: None },
            token_time: Instant::from_micros(0),
            resend_count: 0,
            create_time: Instant::from_micros(0),
            expire_time: end,
            end_time: None,
            accepted_by: None,
        };
        let pending = of(InvitationState::Pending);
        assert_eq!(pending.state_at(Instant::from_micros(999)), InvitationState::Pending);
        assert_eq!(pending.state_at(end), InvitationState::Expired);
        assert_eq!(pending.as_of(end).state, InvitationState::Expired);
        for state in InvitationState::ALL.iter().filter(|it| **it != InvitationState::Pending) {
            assert_eq!(of(*state).state_at(end), *state);
        }
    }
}
