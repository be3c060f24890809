//! `GetInvitation` and `ListInvitations`: own ones, by state, in pages, and never a token.

use super::{BOB, World};
use crate::support::{Backend, assert_refused, ghost, invite::of, seen, server::Metadata};
use prost::Message as _;
use reeve::pb::{common::v1::Role, invitation::v1 as pb};
use tonic::{Code, Status};

async fn list(
    it: &World,
    by: &Metadata,
    request: pb::ListInvitationsRequest,
) -> Result<pb::ListInvitationsResponse, Status> {
    Ok(it.server.invitations_as(by.clone()).list_invitations(request).await?.into_inner())
}

fn of_state(state: pb::InvitationState) -> pb::ListInvitationsRequest {
    pb::ListInvitationsRequest { state: state.into(), ..Default::default() }
}

on_both! {
    // IN-04, G-06, G-07, R-INV-2: not even whoever made it sees the token again.
    async fn a_token_is_never_read_back(backend: Backend) {
        let it = World::new(backend).await;
        let (id, token) = it.server.invite(&it.owner, "carl@else.org", Role::Member).await;
        let (_, sent) = it.server.invite_by_mail(&it.owner, "dan@else.org", Role::Member).await;
        let got = it.server.get_invitation(&it.owner, &id).await.unwrap().encode_to_vec();
        let listed = list(&it, &it.owner, pb::ListInvitationsRequest::default()).await.unwrap();
        assert_eq!(listed.invitations.len(), 2);
        // Nothing that is shown opens anything either.
        for invitation in &listed.invitations {
            for text in [&invitation.id, &invitation.tenant_id, &invitation.invited_by] {
                let refused = it.server.accept_by_token(&it.bob, text).await;
                assert_refused(refused, Code::NotFound, "NOT_FOUND");
            }
        }
        for answer in [got, listed.encode_to_vec()] {
            for secret in [&token, &sent] {
                let found = answer.windows(secret.len()).any(|part| part == secret.as_bytes());
                assert!(!found, "an answer holds a token");
            }
        }
    }

    // IN-14, G-12, G-33: another tenant's invitation is as one that does not exist.
    async fn another_tenants_invitation_does_not_exist(backend: Backend) {
        let it = World::new(backend).await;
        let (id, token) = it.server.invite(&it.owner, "carl@else.org", Role::Member).await;
        let before = it.server.get_invitation(&it.owner, &id).await.unwrap();
        it.server.age_invitations(120).await;
        it.server.set_role(&it.bob_id, &it.globex, Role::Owner).await;
        let bob = of(&it.server.sign_in(BOB, crate::support::server::PASSWORD).await.unwrap());
        let (foreign, absent) = (id.clone(), ghost());
        let resend = pb::Delivery::ReturnToken;
        for (there, not) in [
            (it.server.get_invitation(&bob, &foreign).await.map(drop),
             it.server.get_invitation(&bob, &absent).await.map(drop)),
            (it.server.revoke_invitation(&bob, &foreign).await.map(drop),
             it.server.revoke_invitation(&bob, &absent).await.map(drop)),
            (it.server.resend_invitation(&bob, &foreign, resend).await.map(drop),
             it.server.resend_invitation(&bob, &absent, resend).await.map(drop)),
            (it.server.accept_by_id(&bob, &foreign).await.map(drop),
             it.server.accept_by_id(&bob, &absent).await.map(drop)),
        ] {
            let there = assert_refused(there, Code::NotFound, "NOT_FOUND");
            assert_eq!(seen(&there), seen(&not.unwrap_err()));
        }
        assert_eq!(list(&it, &bob, pb::ListInvitationsRequest::default()).await.unwrap().invitations, []);
        it.server.preview_invitation(&token).await.unwrap();
        let after = it.server.get_invitation(&it.owner, &id).await.unwrap();
        assert_eq!((after.state, after.delivery), (before.state, before.delivery));
        for malformed in ["", "x", &id.replace('-', "")] {
            let refused = it.server.get_invitation(&it.owner, malformed).await;
            assert_refused(refused, Code::InvalidArgument, "FIELD_INVALID");
        }
    }

    // A state is meant as it is now: what has run out is expired without anybody writing it.
    async fn states_filter_as_of_now(backend: Backend) {
        let it = World::new(backend).await;
        let (_, expired) = it.server.invite(&it.owner, "old@else.org", Role::Member).await;
        it.server.age_invitations(8 * 86_400).await;
        it.server.invite(&it.owner, "live@else.org", Role::Member).await;
        let (_, declined) = it.server.invite(&it.owner, "no@else.org", Role::Member).await;
        it.server.decline_invitation(&declined).await.unwrap();
        let (revoked, _) = it.server.invite(&it.owner, "back@else.org", Role::Member).await;
        it.server.revoke_invitation(&it.owner, &revoked).await.unwrap();
        let (accepted, _) = it.server.invite(&it.owner, BOB, Role::Member).await;
        it.server.accept_by_id(&it.bob, &accepted).await.unwrap();
        for (state, email) in [
            (pb::InvitationState::Expired, "old@else.org"),
            (pb::InvitationState::Pending, "live@else.org"),
            (pb::InvitationState::Declined, "no@else.org"),
            (pb::InvitationState::Revoked, "back@else.org"),
            (pb::InvitationState::Accepted, BOB),
        ] {
            let found = list(&it, &it.owner, of_state(state)).await.unwrap().invitations;
            let found: Vec<_> = found.iter().map(|it| (it.email.as_str(), it.state())).collect();
            assert_eq!(found, [(email, state)]);
        }
        let refused = it.server.preview_invitation(&expired).await;
        assert_refused(refused, Code::FailedPrecondition, "INVITATION_EXPIRED");
        let unknown = pb::ListInvitationsRequest { state: 9, ..Default::default() };
        let refused = list(&it, &it.owner, unknown).await;
        assert_refused(refused, Code::InvalidArgument, "FIELD_INVALID");
    }

    // IN-36, G-50: pages hold everything once, and their tokens fit nothing else.
    async fn pages_hold_everything_once(backend: Backend) {
        let it = World::new(backend).await;
        for number in 0..5 {
            it.server.invite(&it.owner, &format!("n{number}@else.org"), Role::Member).await;
        }
        let (mut emails, mut page_token) = (Vec::new(), String::new());
        loop {
            let request =
                pb::ListInvitationsRequest { page_size: 2, page_token, ..Default::default() };
            let page = list(&it, &it.owner, request).await.unwrap();
            assert!(page.invitations.len() <= 2);
            emails.extend(page.invitations.into_iter().map(|it| it.email));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        assert_eq!(emails, (0..5).map(|n| format!("n{n}@else.org")).collect::<Vec<_>>());

        let first = pb::ListInvitationsRequest { page_size: 2, ..Default::default() };
        let token = list(&it, &it.owner, first).await.unwrap().next_page_token;
        let other_filter = pb::ListInvitationsRequest {
            page_token: token.clone(),
            ..of_state(pb::InvitationState::Pending)
        };
        let other_tenant = pb::ListInvitationsRequest {
            page_token: token,
            tenant_id: it.globex.clone(),
            ..Default::default()
        };
        let operator = it.server.operator();
        for (by, request) in [(&it.owner, other_filter), (&operator, other_tenant)] {
            let refused = list(&it, by, request).await;
            assert_refused(refused, Code::InvalidArgument, "PAGE_TOKEN_INVALID");
        }
        let negative = pb::ListInvitationsRequest { page_size: -1, ..Default::default() };
        let refused = list(&it, &it.owner, negative).await;
        assert_refused(refused, Code::InvalidArgument, "FIELD_INVALID");
        let nowhere = pb::ListInvitationsRequest { tenant_id: ghost(), ..Default::default() };
        assert_refused(list(&it, &operator, nowhere).await, Code::NotFound, "NOT_FOUND");
    }
}
