//! `CreateInvitation` with a `request_id`: made once, and its token shown once.

use super::{BOB, World};
use crate::support::{
    Backend, assert_refused, ghost,
    invite::{mailed, of, returned},
    limits::{assert_limited, counted, set_counts},
    race::{lock_row, race},
    server::Metadata,
    violated_fields,
};
use prost_types::Timestamp;
use reeve::pb::{auth::v1::CreateApiKeyRequest, common::v1::Role, invitation::v1 as pb};
use std::time::{Duration, Instant};
use tonic::{Code, Status};

type Made = Result<pb::CreateInvitationResponse, Status>;

const MAILS: &str = "mail_outbox WHERE template = 'invitation'";
const CREATED: &str = "events WHERE kind = 'invitation.created'";

fn named(request: pb::CreateInvitationRequest) -> pb::CreateInvitationRequest {
    pb::CreateInvitationRequest { request_id: ghost(), ..request }
}

/// Whether the answer is a repeat's, and whether it shows a token.
fn told(answer: &pb::CreateInvitationResponse) -> (bool, bool) {
    assert_eq!(answer.token.is_empty(), answer.invite_url.is_empty());
    (answer.replayed, !answer.token.is_empty())
}

impl World {
    async fn invite(&self, request: &pb::CreateInvitationRequest) -> Made {
        self.server.try_invite(&self.owner, request.clone()).await
    }

    /// So many invitations, mails of them, and events that tell of them.
    async fn assert_made(&self, invitations: i64, mails: i64) {
        assert_eq!(self.server.count("invitation_tokens").await, invitations);
        assert_eq!(self.server.count(MAILS).await, mails);
        assert_eq!(self.server.count(CREATED).await, invitations);
    }
}

on_both! {
    // R-INV-2: a repeat is told of the invitation, and never of its token.
    async fn a_repeat_makes_nothing_and_shows_no_token(backend: Backend) {
        let it = World::new(backend).await;
        let (by_mail, by_hand) =
            (named(mailed("carl@else.org", Role::Admin)), named(returned(BOB, Role::Member)));
        for (request, shown) in [(&by_mail, false), (&by_hand, true)] {
            let first = it.invite(request).await.unwrap();
            assert_eq!(told(&first), (false, shown));
            for _ in 0..2 {
                let again = it.invite(request).await.unwrap();
                assert_eq!(told(&again), (true, false));
                assert_eq!(again.invitation, first.invitation);
            }
        }
        it.assert_made(2, 1).await;
        // Without the name it is another request.
        let other = pb::CreateInvitationRequest { request_id: String::new(), ..by_hand };
        assert_refused(it.invite(&other).await, Code::AlreadyExists, "INVITATION_EXISTS");
    }

    // The answer is of now: an expired, revoked or vanished invitation is not made again.
    async fn a_repeat_shows_what_became_of_it(backend: Backend) {
        let it = World::new(backend).await;
        let request = named(returned(BOB, Role::Member));
        let made = it.invite(&request).await.unwrap();
        let id = made.invitation.unwrap().id;
        let state = async || it.invite(&request).await.unwrap().invitation.unwrap().state();
        it.server.age_invitations(8 * 86_400).await;
        assert_eq!(state().await, pb::InvitationState::Expired);
        it.server.age_invitations(-8 * 86_400).await;
        it.server.revoke_invitation(&it.owner, &id).await.unwrap();
        assert_eq!(state().await, pb::InvitationState::Revoked);
        it.assert_made(1, 0).await;
        it.server.execute("DELETE FROM invitation_tokens").await;
        assert_refused(it.invite(&request).await, Code::NotFound, "NOT_FOUND");
    }

    // The answer is lost on its way, whenever that is; whoever asks again gets one invitation.
    async fn a_lost_answer_is_asked_for_again(backend: Backend) {
        let it = World::new(backend).await;
        for round in 0..8 {
            let request = named(mailed(&format!("c{round}@else.org"), Role::Member));
            let call = {
                let mut client = it.server.invitations_as(it.owner.clone());
                let request = request.clone();
                tokio::spawn(async move { client.create_invitation(request).await })
            };
            // In half of the rounds as soon as it is made, else in the middle of it.
            let deadline = Instant::now() + Duration::from_secs(10);
            while round % 2 == 0 && it.server.count("invitation_tokens").await <= round {
                assert!(Instant::now() < deadline, "the invitation was not made");
            }
            call.abort();
            drop(call.await);
            let again = it.invite(&request).await.unwrap();
            assert!(again.replayed || round % 2 == 1);
            assert_eq!(it.invite(&request).await.unwrap().invitation, again.invitation);
            it.assert_made(round + 1, round + 1).await;
        }
    }

    async fn another_request_may_not_take_the_name(backend: Backend) {
        let it = World::new(backend).await;
        let request = named(mailed(BOB, Role::Member));
        it.invite(&request).await.unwrap();
        let later = Timestamp { seconds: 4_000_000_000, nanos: 0 };
        for other in [
            pb::CreateInvitationRequest { email: "carl@else.org".to_owned(), ..request.clone() },
            pb::CreateInvitationRequest { role: Role::Admin.into(), ..request.clone() },
            pb::CreateInvitationRequest { expire_time: Some(later), ..request.clone() },
            pb::CreateInvitationRequest {
                delivery: pb::Delivery::ReturnToken.into(),
                ..request.clone()
            },
        ] {
            let refused = it.invite(&other).await;
            assert_refused(refused, Code::InvalidArgument, "REQUEST_ID_REUSED");
            let tried = pb::CreateInvitationRequest { validate_only: true, ..other };
            let refused = it.invite(&tried).await;
            assert_refused(refused, Code::InvalidArgument, "REQUEST_ID_REUSED");
        }
        // Nor another RPC of the same caller.
        let key = CreateApiKeyRequest {
            name: "key".to_owned(),
            role: Role::Admin.into(),
            scopes: vec!["invitations:write".to_owned()],
            request_id: request.request_id.clone(),
            ..Default::default()
        };
        let refused = it.server.auth_as(it.owner.clone()).create_api_key(key).await;
        assert_refused(refused.map(drop), Code::InvalidArgument, "REQUEST_ID_REUSED");
        it.assert_made(1, 1).await;
        for wrong in ["1", "not-a-uuid", &ghost().replace('-', "")] {
            let request =
                pb::CreateInvitationRequest { request_id: wrong.to_owned(), ..request.clone() };
            let refused = it.invite(&request).await;
            let status = assert_refused(refused, Code::InvalidArgument, "FIELD_INVALID");
            assert_eq!(violated_fields(&status), ["request_id"]);
        }
    }

    // R-TEN-3: each caller and each tenant has names of its own; nobody is told of another's.
    async fn a_name_is_its_callers_and_tenants_own(backend: Backend) {
        let it = World::new(backend).await;
        let adam = of(&it.server.sign_up_as("adam@acme.com", Role::Admin).await);
        let request = named(mailed(BOB, Role::Member));
        let first = it.invite(&request).await.unwrap().invitation.unwrap();
        let refused = it.server.try_invite(&adam, request.clone()).await;
        assert_refused(refused, Code::AlreadyExists, "INVITATION_EXISTS");
        let operator = it.server.operator();
        let mut ids = vec![first.id];
        let third = it.server.create_tenant("third", &[]).await;
        for tenant in [&it.globex, &third] {
            let request = pb::CreateInvitationRequest {
                tenant_id: tenant.clone(),
                email: "carl@else.org".to_owned(),
                ..request.clone()
            };
            let made = it.server.try_invite(&operator, request.clone()).await.unwrap();
            assert!(!made.replayed);
            assert!(it.server.try_invite(&operator, request).await.unwrap().replayed);
            ids.push(made.invitation.unwrap().id);
        }
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 3);
        it.assert_made(3, 3).await;
    }

    async fn a_refused_request_can_be_made_later(backend: Backend) {
        let it = World::new(backend).await;
        let (id, _) = it.server.invite(&it.owner, BOB, Role::Member).await;
        let request = named(returned(BOB, Role::Member));
        assert_refused(it.invite(&request).await, Code::AlreadyExists, "INVITATION_EXISTS");
        assert_eq!(it.server.count("idempotency").await, 0);
        it.server.revoke_invitation(&it.owner, &id).await.unwrap();
        assert_eq!(told(&it.invite(&request).await.unwrap()), (false, true));
        assert_eq!(told(&it.invite(&request).await.unwrap()), (true, false));
    }

    async fn trying_a_request_does_not_use_its_name_up(backend: Backend) {
        let it = World::new(backend).await;
        let request = named(returned(BOB, Role::Member));
        let tried = pb::CreateInvitationRequest { validate_only: true, ..request.clone() };
        for _ in 0..2 {
            assert_eq!(told(&it.invite(&tried).await.unwrap()), (false, false));
        }
        assert_eq!(it.server.count("idempotency").await, 0);
        let made = it.invite(&request).await.unwrap();
        assert_eq!(told(&made), (false, true));
        let again = it.invite(&tried).await.unwrap();
        assert_eq!((told(&again), again.invitation), ((true, false), made.invitation));
        it.assert_made(1, 0).await;
    }

    // IN-31: the limit that was reached meanwhile does not keep the answer back.
    async fn a_repeat_is_not_counted(backend: Backend) {
        let it = World::new(backend).await;
        let request = named(mailed(BOB, Role::Member));
        it.invite(&request).await.unwrap();
        set_counts(&it.server, 1_000).await;
        let before = counted(&it.server).await;
        for _ in 0..2 {
            assert!(it.invite(&request).await.unwrap().replayed);
        }
        assert_limited(it.invite(&named(mailed("c@else.org", Role::Member))).await, "create-invitation");
        assert_eq!(counted(&it.server).await, before);
    }

    // An authority that has ended is told nothing by a name it once used.
    async fn a_repeat_needs_the_right_to_invite(backend: Backend) {
        let it = World::new(backend).await;
        let request = named(mailed("carl@else.org", Role::Member));
        it.invite(&request).await.unwrap();
        it.set_profile(&it.owner_id, "role = 'member', mver = mver + 1").await;
        assert_refused(it.invite(&request).await, Code::Unauthenticated, "CREDENTIAL_STALE");
        let session = it.server.sign_in("ann@acme.com", crate::support::server::PASSWORD).await;
        let refused = it.server.try_invite(&of(&session.unwrap()), request).await;
        assert_refused(refused, Code::PermissionDenied, "PERMISSION_DENIED");
    }

    // 16 at once: one invitation, one mail, one token; 15 repeats.
    async fn repeats_at_once_make_one_invitation(backend: Backend) {
        let it = World::new(backend).await;
        let lock = lock_row(&it.server, "tenants", &it.acme);
        for (number, request) in
            [mailed("carl@else.org", Role::Member), returned(BOB, Role::Member)].into_iter().enumerate()
        {
            let request = named(request);
            let calls = (0..16).map(|_| repeat(&it, &it.owner, &request));
            let answers: Vec<pb::CreateInvitationResponse> =
                race(&it.server, &lock, calls.collect()).await.into_iter().map(Made::unwrap).collect();
            assert_eq!(answers.iter().filter(|answer| answer.replayed).count(), 15);
            let tokens = answers.iter().filter(|answer| told(answer).1);
            assert!(tokens.clone().all(|answer| !answer.replayed));
            assert_eq!(tokens.count(), number);
            assert!(answers.iter().all(|answer| answer.invitation == answers[0].invitation));
            it.assert_made(i64::try_from(number).unwrap() + 1, 1).await;
        }
    }
}

fn repeat(
    it: &World,
    by: &Metadata,
    request: &pb::CreateInvitationRequest,
) -> impl Future<Output = Made> + Send + 'static {
    let (mut client, request) = (it.server.invitations_as(by.clone()), request.clone());
    async move { Ok(client.create_invitation(request).await?.into_inner()) }
}
