//! What a scope reaches, and who gets one without asking the policy.

use super::{Reach, Scope, SystemUse, testing::*};
use crate::model::{
    clock::Instant,
    email::EmailAddress,
    id::{Id as _, InvitationId, TenantId, UserId},
    invitation::{Delivery, Invitation, InvitationState, Inviter, InviterKind},
    profile::{Profile, ProfileState},
    role::Role,
    text::DisplayName,
    user::{User, UserState},
};

const THEN: Instant = Instant::from_micros(0);

fn email(text: &str) -> EmailAddress {
    EmailAddress::parse("email", text).unwrap()
}

fn account(address: &str) -> User {
    User {
        id: person(),
        email: email(address),
        tenant_id: own(),
        state: UserState::Active,
        verified_time: Some(THEN),
        create_time: THEN,
    }
}

fn invitation(address: &str, tenant_id: TenantId) -> Invitation {
    Invitation {
        id: InvitationId::from_uuid(uuid::Uuid::nil()),
        tenant_id,
        email: email(address),
        role: Role::Member,
        state: InvitationState::Pending,
        delivery: Delivery::Outbox,
        inviter: Inviter { kind: InviterKind::Operator, id: None },
        token_time: THEN,
        resend_count: 0,
        create_time: THEN,
        expire_time: THEN,
        end_time: None,
        accepted_by: None,
    }
}

fn membership(user_id: UserId, tenant_id: TenantId) -> Profile {
    Profile {
        tenant_id,
        user_id,
        email: email("bob@else.org"),
        display_name: DisplayName::default(),
        role: Role::Member,
        state: ProfileState::Active,
        mver: 1,
        create_time: THEN,
        update_time: THEN,
    }
}

#[test]
fn a_scope_tells_what_it_reaches() {
    let health = SystemUse::Health;
    for (scope, reach, tenant) in [
        (Scope::tenant(own()), Reach::Tenant(own()), Some(own())),
        (Scope::tenant(other()), Reach::Tenant(other()), Some(other())),
        (Scope::own(person()), Reach::Own(person()), None),
        (Scope::system(health), Reach::System(health), None),
    ] {
        assert_eq!((scope.reach(), scope.tenant_id()), (reach, tenant));
    }
}

#[test]
fn an_invitation_opens_its_tenant_to_its_addressee_alone() {
    let bob = account("bob@else.org");
    let to_bob = invitation("Bob@ELSE.org", other());
    assert_eq!(Scope::invited(&bob, &to_bob), Some(Scope::tenant(other())));
    for stranger in ["bobby@else.org", "bob@other.org", "bob+x@else.org"] {
        assert_eq!(Scope::invited(&account(stranger), &to_bob), None, "{stranger}");
    }
}

#[test]
fn a_membership_opens_its_tenant_to_its_holder_alone() {
    let somebody = UserId::from_uuid(uuid::Uuid::nil());
    let held = membership(person(), other());
    assert_eq!(Scope::member(person(), &held), Some(Scope::tenant(other())));
    assert_eq!(Scope::member(somebody, &held), None);
}
