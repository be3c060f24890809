//! `AcceptInvitation` with a `request_id`.

use super::{BOB, World};
use crate::support::{
    Backend, assert_refused, ghost,
    limits::{assert_limited, counted, set_counts},
    race::{lock_row, race},
    server::Metadata,
    violated_fields,
};
use reeve::pb::{common::v1::Role, invitation::v1 as pb};
use tonic::{Code, Status};

type Accepted = Result<pb::AcceptInvitationResponse, Status>;

fn by_id(id: &str) -> pb::AcceptInvitationRequest {
    let (invitation_id, request_id) = (id.to_owned(), ghost());
    pb::AcceptInvitationRequest { invitation_id, request_id, ..Default::default() }
}

fn by_token(token: &str) -> pb::AcceptInvitationRequest {
    let (token, request_id) = (token.to_owned(), ghost());
    pb::AcceptInvitationRequest { token, request_id, ..Default::default() }
}

fn accept(
    it: &World,
    by: &Metadata,
    request: &pb::AcceptInvitationRequest,
) -> impl Future<Output = Accepted> + Send + 'static {
    let (mut client, request) = (it.server.invitations_as(by.clone()), request.clone());
    async move { Ok(client.accept_invitation(request).await?.into_inner()) }
}

on_both! {
    // IN-37: the answer is of now, and says whose effect it is.
    async fn a_repeat_is_told_what_the_first_made(backend: Backend) {
        let it = World::new(backend).await;
        let (id, token) = it.server.invite(&it.owner, BOB, Role::Member).await;
        let (named, tokened) = (by_id(&id), by_token(&token));
        let first = accept(&it, &it.bob, &named).await.unwrap();
        assert!(!first.replayed);
        let events = it.server.count("events").await;
        let again = accept(&it, &it.bob, &named).await.unwrap();
        assert_eq!((again.replayed, &again.profile), (true, &first.profile));
        assert_eq!(again.tenant, first.tenant);
        // By another name it is what it always was: idempotent, and not a repeat.
        let other = accept(&it, &it.bob, &tokened).await.unwrap();
        assert_eq!((other.replayed, &other.profile), (false, &first.profile));
        assert!(accept(&it, &it.bob, &tokened).await.unwrap().replayed);
        assert_eq!(it.server.count("events").await, events);

        it.server.set_role(&it.bob_id, &it.acme, Role::Admin).await;
        let again = accept(&it, &it.bob, &named).await.unwrap();
        assert_eq!(again.profile.unwrap().role(), Role::Admin);
        // Whoever was removed does not come back by a repeat.
        it.server.remove_user(&it.owner, &it.bob_id, "").await.unwrap();
        for repeated in [&named, &tokened] {
            assert_refused(accept(&it, &it.bob, repeated).await, Code::NotFound, "NOT_FOUND");
        }
        assert_eq!(it.role_of_bob().await, None);
    }

    // Whatever the other request's token is worth, and without counting it.
    async fn another_request_may_not_take_the_name(backend: Backend) {
        let it = World::new(backend).await;
        let (id, token) = it.server.invite(&it.owner, BOB, Role::Member).await;
        let request = by_id(&id);
        accept(&it, &it.bob, &request).await.unwrap();
        let before = counted(&it.server).await;
        for (invitation_id, token) in
            [(ghost(), String::new()), (String::new(), token), (String::new(), "A".repeat(43))]
        {
            let request_id = request.request_id.clone();
            let other = pb::AcceptInvitationRequest { invitation_id, token, request_id };
            let refused = accept(&it, &it.bob, &other).await;
            assert_refused(refused, Code::InvalidArgument, "REQUEST_ID_REUSED");
        }
        assert_eq!(counted(&it.server).await, before);
        let wrong = pb::AcceptInvitationRequest { request_id: "1".to_owned(), ..request };
        let refused = accept(&it, &it.bob, &wrong).await;
        let status = assert_refused(refused, Code::InvalidArgument, "FIELD_INVALID");
        assert_eq!(violated_fields(&status), ["request_id"]);
    }

    // The answer that was lost is given, whatever others from there have tried meanwhile.
    async fn a_repeat_is_answered_at_the_limit(backend: Backend) {
        let it = World::new(backend).await;
        let (_, token) = it.server.invite(&it.owner, BOB, Role::Member).await;
        let request = by_token(&token);
        accept(&it, &it.bob, &request).await.unwrap();
        set_counts(&it.server, 300).await;
        assert_limited(accept(&it, &it.bob, &by_token(&token)).await, "wrong-token-source");
        assert!(accept(&it, &it.bob, &request).await.unwrap().replayed);
    }

    // R-TEN-3: by somebody else's name nobody learns anything.
    async fn a_name_is_its_callers_own(backend: Backend) {
        let it = World::new(backend).await;
        let eve = it.server.sign_up("eve@globex.com").await;
        let eve = crate::support::invite::of(&eve);
        let (id, token) = it.server.invite(&it.owner, BOB, Role::Member).await;
        let (named, tokened) = (by_id(&id), by_token(&token));
        for request in [&named, &tokened] {
            accept(&it, &it.bob, request).await.unwrap();
        }
        assert_refused(accept(&it, &eve, &named).await, Code::NotFound, "NOT_FOUND");
        let refused = accept(&it, &eve, &tokened).await;
        assert_refused(refused, Code::PermissionDenied, "EMAIL_MISMATCH");
        assert_eq!(it.server.count("idempotency").await, 2);
    }

    async fn a_refused_acceptance_can_be_repeated(backend: Backend) {
        let it = World::new(backend).await;
        it.set("tenants", &it.acme, "seat_limit = 1").await;
        let (_, token) = it.server.invite_by_mail(&it.owner, BOB, Role::Member).await;
        let request = by_token(&token);
        let refused = accept(&it, &it.bob, &request).await;
        assert_refused(refused, Code::FailedPrecondition, "SEAT_LIMIT_REACHED");
        assert_eq!(it.server.count("idempotency").await, 0);
        it.set("tenants", &it.acme, "seat_limit = 2").await;
        assert!(!accept(&it, &it.bob, &request).await.unwrap().replayed);
        assert!(accept(&it, &it.bob, &request).await.unwrap().replayed);
    }

    // IN-09: 16 at once by one name.
    async fn repeats_at_once_make_one_membership(backend: Backend) {
        let it = World::new(backend).await;
        let (_, token) = it.server.invite(&it.owner, BOB, Role::Admin).await;
        let request = by_token(&token);
        let calls = (0..16).map(|_| accept(&it, &it.bob, &request)).collect();
        let lock = lock_row(&it.server, "tenants", &it.acme);
        let answers = race(&it.server, &lock, calls).await;
        let answers: Vec<_> = answers.into_iter().map(Accepted::unwrap).collect();
        assert_eq!(answers.iter().filter(|answer| answer.replayed).count(), 15);
        assert!(answers.iter().all(|answer| answer.profile == answers[0].profile));
        assert_eq!(it.role_of_bob().await.as_deref(), Some("admin"));
        assert_eq!(it.server.count("events WHERE kind = 'invitation.accepted'").await, 1);
    }
}
