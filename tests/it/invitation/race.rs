//! Calls that overlap: one membership, and never a seat too many.

use super::{BOB, World};
use crate::support::{
    Backend, assert_refused,
    invite::{of, returned},
    race::{lock_row, race},
    reason,
    server::Metadata,
};
use reeve::pb::{common::v1::Role, invitation::v1 as pb};
use std::{collections::BTreeMap, future::Future, pin::Pin};
use tonic::{Code, Status};

const PEOPLE: usize = 8;
const SEATS: usize = 3;
const ROUNDS: usize = 50;

type Accepted = Result<pb::AcceptInvitationResponse, Status>;

fn accept(
    it: &World,
    by: &Metadata,
    request: pb::AcceptInvitationRequest,
) -> impl Future<Output = Accepted> + Send + 'static {
    let mut client = it.server.invitations_as(by.clone());
    async move { Ok(client.accept_invitation(request).await?.into_inner()) }
}

fn by_id(id: &str) -> pb::AcceptInvitationRequest {
    pb::AcceptInvitationRequest { invitation_id: id.to_owned(), ..Default::default() }
}

fn by_token(token: &str) -> pb::AcceptInvitationRequest {
    pb::AcceptInvitationRequest { token: token.to_owned(), ..Default::default() }
}

/// How often each outcome came: `OK`, or the reason of the refusal.
fn tally<T>(answers: &[Result<T, Status>]) -> BTreeMap<String, usize> {
    let mut tally = BTreeMap::new();
    for answer in answers {
        let outcome = answer.as_ref().map_or_else(reason, |_| "OK".to_owned());
        *tally.entry(outcome).or_default() += 1;
    }
    tally
}

/// A call of whatever kind, of which only the end counts.
type Call = dyn Future<Output = Result<(), Status>> + Send;

on_both! {
    // IN-09, G-04: 64 at once, one membership, and all are told of it.
    async fn one_invitation_makes_one_membership(backend: Backend) {
        let it = World::new(backend).await;
        let (id, token) = it.server.invite(&it.owner, BOB, Role::Admin).await;
        let calls = (0..64).map(|number| {
            let request = if number % 2 == 0 { by_id(&id) } else { by_token(&token) };
            accept(&it, &it.bob, request)
        });
        let lock = lock_row(&it.server, "tenants", &it.acme);
        let answers = race(&it.server, &lock, calls.collect()).await;
        assert_eq!(tally(&answers), [("OK".to_owned(), 64)].into());
        let first = answers[0].as_ref().unwrap();
        assert!(answers.iter().all(|answer| answer.as_ref().unwrap() == first));
        assert_eq!(it.server.count("user_profiles").await, 3);
        assert_eq!(it.role_of_bob().await.as_deref(), Some("admin"));
        for (kind, count) in [("invitation.accepted", 1), ("profile.created", 1)] {
            let all = format!("events WHERE kind = '{kind}' AND actor_kind = 'user'");
            assert_eq!(it.server.count(&all).await, count, "{kind}");
        }
    }

    // IN-19, R-INV-8, R-TEN-10: eight people for three seats, fifty times.
    async fn seats_hold_in_a_race(backend: Backend) {
        let it = World::new(backend).await;
        it.set("tenants", &it.acme, &format!("seat_limit = {}", 1 + SEATS)).await;
        let mut people = Vec::new();
        for number in 0..PEOPLE {
            let email = format!("p{number}@globex.com");
            let session = of(&it.server.sign_up(&email).await);
            let (id, _) = it.server.invite(&it.owner, &email, Role::Member).await;
            people.push((session, id));
        }
        let lock = lock_row(&it.server, "tenants", &it.acme);
        let acme = it.server.literal(&it.acme);
        let members = format!("user_profiles WHERE tenant_id = {acme} AND role = 'member'");
        let expected = [
            ("OK".to_owned(), SEATS),
            ("SEAT_LIMIT_REACHED".to_owned(), PEOPLE - SEATS),
        ];
        for round in 0..ROUNDS {
            let calls = people.iter().map(|(session, id)| accept(&it, session, by_id(id)));
            let answers = race(&it.server, &lock, calls.collect()).await;
            assert_eq!(tally(&answers), expected.clone().into(), "round {round}");
            assert_eq!(it.server.count(&members).await, i64::try_from(SEATS).unwrap());
            it.server.execute(&format!("DELETE FROM {members}")).await;
            it.server
                .execute(
                    "UPDATE invitation_tokens SET state = 'pending', accepted_by = NULL, \
                     end_time = NULL",
                )
                .await;
        }
    }

    // IN-20: eight invitations of one address at once.
    async fn one_address_is_invited_once(backend: Backend) {
        let it = World::new(backend).await;
        let calls = (0..PEOPLE).map(|_| {
            let mut client = it.server.invitations_as(it.owner.clone());
            async move { client.create_invitation(returned(BOB, Role::Member)).await }
        });
        let lock = lock_row(&it.server, "tenants", &it.acme);
        let answers = race(&it.server, &lock, calls.collect()).await;
        let expected = [("INVITATION_EXISTS".to_owned(), PEOPLE - 1), ("OK".to_owned(), 1)];
        assert_eq!(tally(&answers), expected.into());
    }

    // Accepted or revoked or declined: whichever comes first, and it alone.
    async fn an_invitation_ends_once(backend: Backend) {
        let it = World::new(backend).await;
        let (id, token) = it.server.invite(&it.owner, BOB, Role::Member).await;
        let mut calls: Vec<Pin<Box<Call>>> = Vec::new();
        for _ in 0..3 {
            let accepted = accept(&it, &it.bob, by_id(&id));
            calls.push(Box::pin(async move { accepted.await.map(drop) }));
            let mut client = it.server.invitations_as(it.owner.clone());
            let revoke =
                pb::RevokeInvitationRequest { invitation_id: id.clone(), ..Default::default() };
            calls.push(Box::pin(async move { client.revoke_invitation(revoke).await.map(drop) }));
            let mut client = it.server.invitations();
            let decline = pb::DeclineInvitationRequest { token: token.clone() };
            calls.push(Box::pin(async move { client.decline_invitation(decline).await.map(drop) }));
        }
        let lock = lock_row(&it.server, "tenants", &it.acme);
        let answers = race(&it.server, &lock, calls).await;
        let ended = tally(&answers);
        assert_eq!(ended["OK"], 3, "one kind, idempotent: {ended:?}");
        assert_eq!(ended.len(), 2, "{ended:?}");
        let state = it.server.get_invitation(&it.owner, &id).await.unwrap().state();
        let accepted = state == pb::InvitationState::Accepted;
        assert_eq!(it.role_of_bob().await.is_some(), accepted, "{state:?}");
        let ends = "events WHERE kind IN ('invitation.accepted', 'invitation.revoked', 'invitation.declined')";
        assert_eq!(it.server.count(ends).await, 1);
    }

    // IN-17: an old token that is presented while its successor is made.
    async fn a_token_that_is_replaced_meanwhile_is_dead(backend: Backend) {
        let it = World::new(backend).await;
        let (id, token) = it.server.invite(&it.owner, BOB, Role::Member).await;
        let hash = match backend {
            Backend::Postgres => "'\\x00'::bytea",
            Backend::Sqlite => "X'00'",
        };
        // The call has looked the token up before the other transaction commits.
        let acme = it.server.literal(&it.acme);
        let replace = format!(
            "UPDATE tenants SET version = version + 1 WHERE id = {acme}; \
             UPDATE invitation_tokens SET token_hash = {hash} WHERE id = {}",
            it.server.literal(&id)
        );
        if backend == Backend::Sqlite {
            it.server.execute(&replace).await;
        }
        let calls = vec![accept(&it, &it.bob, by_token(&token))];
        let answer = match backend {
            Backend::Postgres => race(&it.server, &replace, calls).await.remove(0),
            Backend::Sqlite => calls.into_iter().next().unwrap().await,
        };
        assert_refused(answer, Code::NotFound, "NOT_FOUND");
        assert_eq!(it.role_of_bob().await, None);
    }
}
