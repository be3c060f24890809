//! `CreateInvitation`: what is made, by whom, and for whom.

use super::{BOB, World};
use crate::support::{
    Backend, assert_refused, ghost, hex,
    invite::{mailed, of, returned},
    seen,
};
use reeve::pb::{common::v1::Role, invitation::v1 as pb};
use tonic::Code;
use tonic_types::StatusExt as _;

const DAY: i64 = 86_400;

on_both! {
    // R-INV-2: by default it is mailed, and the answer holds no token.
    async fn an_invitation_is_mailed_by_default(backend: Backend) {
        let it = World::new(backend).await;
        let request = mailed("Carl@Else.org", Role::Member);
        let made = it.server.try_invite(&it.owner, request).await.unwrap();
        assert_eq!((made.token.as_str(), made.invite_url.as_str()), ("", ""));
        let invitation = made.invitation.unwrap();
        assert_eq!(invitation.email, "Carl@Else.org");
        assert_eq!(invitation.tenant_id, it.acme);
        assert_eq!(invitation.role(), Role::Member);
        assert_eq!(invitation.state(), pb::InvitationState::Pending);
        assert_eq!(invitation.delivery(), pb::Delivery::Outbox);
        assert_eq!(invitation.invited_by, it.owner_id);
        assert_eq!((&invitation.accept_time, invitation.accepted_by.as_str()), (&None, ""));
        let (begin, end) = (invitation.create_time.unwrap(), invitation.expire_time.unwrap());
        assert_eq!((end.seconds - begin.seconds, end.nanos), (7 * DAY, begin.nanos));
        assert_eq!(it.server.get_invitation(&it.owner, &invitation.id).await.unwrap(), invitation);
        let mail = it.server.mail_to("Carl@Else.org", "token=").await;
        assert!(mail.contains("You are invited to acme") && mail.contains("Test Person"), "{mail}");
    }

    // IN-03, IN-05, R-INV-1, R-INV-2: a returned token is random, shown once, kept as its hash.
    async fn a_returned_token_is_kept_as_its_hash(backend: Backend) {
        let it = World::new(backend).await;
        let request = returned("carl@else.org", Role::Member);
        let made = it.server.try_invite(&it.owner, request).await.unwrap();
        assert_eq!(made.token.len(), 43);
        let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, made.token.as_bytes());
        let column = if backend == Backend::Postgres { "encode(token_hash, 'hex')" } else { "lower(hex(token_hash))" };
        let kept = it.server.texts(&format!("SELECT {column} AS value FROM invitation_tokens")).await;
        assert_eq!(kept, [hex(hash.as_ref())]);
        assert_eq!(it.server.count("mail_outbox WHERE template = 'invitation'").await, 0);
        let (_, second) = it.server.invite(&it.owner, "dan@else.org", Role::Member).await;
        assert_ne!(made.token, second);
    }

    // IN-12, G-14: nobody grants above their own role.
    async fn nobody_invites_above_their_own_role(backend: Backend) {
        let it = World::new(backend).await;
        let admin = of(&it.server.sign_up_as("adam@acme.com", Role::Admin).await);
        let operator = it.server.operator();
        for (name, by, role, may) in [
            ("admin, owner", &admin, Role::Owner, false),
            ("admin, admin", &admin, Role::Admin, true),
            ("admin, member", &admin, Role::Member, true),
            ("owner, owner", &it.owner, Role::Owner, true),
            ("operator, owner", &operator, Role::Owner, true),
        ] {
            let email = format!("{}@else.org", name.replace(", ", "-"));
            let tenant_id = it.acme.clone();
            let request = pb::CreateInvitationRequest { tenant_id, ..returned(&email, role) };
            let answer = it.server.try_invite(by, request).await;
            if may {
                answer.expect(name);
            } else {
                let status = assert_refused(answer, Code::PermissionDenied, "ROLE_TOO_HIGH");
                let details = status.get_error_details();
                assert_eq!(details.error_info().unwrap().metadata["role"], "admin");
            }
        }
        assert_eq!(it.server.count("invitation_tokens").await, 4);
    }

    // IN-13, G-06, G-48: members neither make nor see nor change invitations.
    async fn members_have_nothing_to_do_with_invitations(backend: Backend) {
        let it = World::new(backend).await;
        let member = of(&it.server.sign_up("mia@acme.com").await);
        let (id, _) = it.server.invite(&it.owner, "carl@else.org", Role::Member).await;
        let denied = |answer: Result<(), tonic::Status>| {
            assert_refused(answer, Code::PermissionDenied, "PERMISSION_DENIED");
        };
        denied(it.server.try_invite(&member, returned("d@else.org", Role::Member)).await.map(drop));
        denied(it.server.get_invitation(&member, &id).await.map(drop));
        denied(it.server.revoke_invitation(&member, &id).await.map(drop));
        let resent = it.server.resend_invitation(&member, &id, pb::Delivery::ReturnToken).await;
        denied(resent.map(drop));
        let mut client = it.server.invitations_as(member);
        denied(client.list_invitations(pb::ListInvitationsRequest::default()).await.map(drop));
        assert_eq!(it.server.count("invitation_tokens").await, 1);
        assert_eq!(it.server.count("invitation_tokens WHERE resend_count = 0").await, 1);
    }

    // IN-20: one pending invitation an address and tenant, in whichever case it is written.
    async fn an_address_has_one_pending_invitation(backend: Backend) {
        let it = World::new(backend).await;
        let (id, _) = it.server.invite(&it.owner, "carl@else.org", Role::Member).await;
        for email in ["carl@else.org", "CARL@ELSE.ORG"] {
            let again = it.server.try_invite(&it.owner, mailed(email, Role::Admin)).await;
            let status = assert_refused(again, Code::AlreadyExists, "INVITATION_EXISTS");
            let details = status.get_error_details();
            assert_eq!(details.error_info().unwrap().metadata["invitation_id"], id);
        }
        // Another tenant's invitation of the same address is none of ours.
        let operator = it.server.operator();
        let tenant_id = it.globex.clone();
        let elsewhere =
            pb::CreateInvitationRequest { tenant_id, ..returned("carl@else.org", Role::Member) };
        it.server.try_invite(&operator, elsewhere).await.unwrap();
        // One that ended makes place.
        it.server.revoke_invitation(&it.owner, &id).await.unwrap();
        it.server.invite(&it.owner, "carl@else.org", Role::Member).await;
        assert_eq!(it.server.count("mail_outbox WHERE template = 'invitation'").await, 0);
    }

    // Acceptance: an expired invitation can be followed by a new one, in one transaction.
    async fn an_expired_invitation_makes_place_for_the_next(backend: Backend) {
        let it = World::new(backend).await;
        let (old, token) = it.server.invite(&it.owner, "carl@else.org", Role::Member).await;
        it.server.age_invitations(7 * DAY - 60).await;
        let live = it.server.try_invite(&it.owner, returned("carl@else.org", Role::Member)).await;
        assert_refused(live, Code::AlreadyExists, "INVITATION_EXISTS");
        it.server.age_invitations(60).await;
        let (new, _) = it.server.invite(&it.owner, "carl@else.org", Role::Member).await;
        assert_ne!(old, new);
        let state = it.server.get_invitation(&it.owner, &old).await.unwrap().state();
        assert_eq!(state, pb::InvitationState::Expired);
        let gone = it.server.preview_invitation(&token).await;
        assert_refused(gone, Code::FailedPrecondition, "INVITATION_EXPIRED");
        for (kind, count) in [("invitation.expired", 1), ("invitation.created", 2)] {
            assert_eq!(it.server.count(&format!("events WHERE kind = '{kind}'")).await, count);
        }
    }

    // IN-21, R-EN-1: a member is told apart within the tenant, an account elsewhere is not.
    async fn members_are_not_invited_and_accounts_elsewhere_are_not_told(backend: Backend) {
        let it = World::new(backend).await;
        it.server.sign_up("mia@acme.com").await;
        for state in ["active", "suspended"] {
            let all = format!("UPDATE user_profiles SET state = '{state}' WHERE role = 'member'");
            it.server.execute(&all).await;
            let refused =
                it.server.try_invite(&it.owner, returned("MIA@acme.com", Role::Admin)).await;
            assert_refused(refused, Code::AlreadyExists, "ALREADY_MEMBER");
        }
        let known = it.server.try_invite(&it.owner, mailed(BOB, Role::Member)).await.unwrap();
        let unknown = mailed("carl@else.org", Role::Member);
        let unknown = it.server.try_invite(&it.owner, unknown).await.unwrap();
        let shape = |made: pb::CreateInvitationResponse| pb::CreateInvitationResponse {
            invitation: made.invitation.map(|invitation| pb::Invitation {
                id: String::new(),
                email: String::new(),
                create_time: None,
                expire_time: None,
                ..invitation
            }),
            ..made
        };
        assert!(shape(known) == shape(unknown));
    }

    // G-03, R-TEN-2: the tenant is the credential's; operators name one that exists.
    async fn the_tenant_is_the_callers(backend: Backend) {
        let it = World::new(backend).await;
        let request = |tenant: &str| pb::CreateInvitationRequest {
            tenant_id: tenant.to_owned(),
            ..returned("carl@else.org", Role::Member)
        };
        let mut answers = Vec::new();
        for foreign in [it.globex.clone(), ghost()] {
            let refused = it.server.try_invite(&it.owner, request(&foreign)).await;
            let status = assert_refused(refused, Code::PermissionDenied, "TENANT_MISMATCH");
            answers.push(seen(&status));
        }
        assert_eq!(answers[0], answers[1]);
        let operator = it.server.operator();
        let refused = it.server.try_invite(&operator, request("")).await;
        assert_refused(refused, Code::InvalidArgument, "TENANT_REQUIRED");
        let refused = it.server.try_invite(&operator, request(&ghost())).await;
        assert_refused(refused, Code::NotFound, "NOT_FOUND");
        assert_eq!(it.server.count("invitation_tokens").await, 0);
        it.server.try_invite(&it.owner, request(&it.acme)).await.unwrap();
        let by_operator = pb::CreateInvitationRequest { email: "d@else.org".into(), ..request(&it.acme) };
        let made = it.server.try_invite(&operator, by_operator).await.unwrap();
        assert_eq!(made.invitation.unwrap().invited_by, "", "operators are not named");
        let anonymous = it.server.invitations().create_invitation(request(&it.acme)).await;
        assert_refused(anonymous, Code::Unauthenticated, "CREDENTIAL_MISSING");
    }

    // IN-35: an event says what happened, by ids alone.
    async fn events_hold_no_address(backend: Backend) {
        let it = World::new(backend).await;
        let (id, _) = it.server.invite(&it.owner, "carl@else.org", Role::Member).await;
        let of = it.server.literal(&id);
        let by = it.server.literal(&it.owner_id);
        let found = format!(
            "events WHERE kind = 'invitation.created' AND subject_id = {of} AND actor_id = {by}"
        );
        assert_eq!(it.server.count(&found).await, 1);
        let text = if backend == Backend::Postgres { "data::text" } else { "data" };
        for data in it.server.texts(&format!("SELECT {text} AS value FROM events")).await {
            assert!(!data.contains('@') && !data.contains("carl"), "{data}");
        }
    }
}
