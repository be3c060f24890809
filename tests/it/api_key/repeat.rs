//! `request_id` of `CreateApiKey`: a repeat is told what was made, and never shown the key again.

use super::World;
use crate::support::{Backend, assert_refused, ghost, invite::of, keys::key_request, race::race};
use prost_types::Timestamp;
use reeve::pb::{auth::v1 as pb, common::v1::Role};
use tonic::Code;

fn named(request_id: &str) -> pb::CreateApiKeyRequest {
    let request_id = request_id.to_owned();
    pb::CreateApiKeyRequest { request_id, ..key_request(Role::Admin, &["users:read"]) }
}

on_both! {
    async fn a_repeat_shows_no_key(backend: Backend) {
        let it = World::new(backend).await;
        let request = named(&ghost());
        let first = it.server.try_create_key(&it.owner, request.clone()).await.unwrap();
        assert!(!first.replayed && !first.key.is_empty());
        let events = it.server.count("events").await;
        for _ in 0..2 {
            let again = it.server.try_create_key(&it.owner, request.clone()).await.unwrap();
            assert_eq!((again.replayed, again.key.as_str()), (true, ""));
            assert_eq!(again.api_key, first.api_key);
        }
        let tried = pb::CreateApiKeyRequest { validate_only: true, ..request.clone() };
        let tried = it.server.try_create_key(&it.owner, tried).await.unwrap();
        assert_eq!((tried.replayed, tried.key.as_str()), (true, ""));
        assert_eq!((it.keys().await, it.server.count("events").await), (1, events));
        // The answer is of now.
        let id = first.api_key.unwrap().id;
        it.server.revoke_key(&it.owner, &id, "").await.unwrap();
        let again = it.server.try_create_key(&it.owner, request).await.unwrap();
        assert!(again.api_key.unwrap().revoke_time.is_some());
    }

    async fn another_request_may_not_take_the_name(backend: Backend) {
        let it = World::new(backend).await;
        let request = named(&ghost());
        it.server.try_create_key(&it.owner, request.clone()).await.unwrap();
        let scopes = vec!["users:read".to_owned(), "users:write".to_owned()];
        for other in [
            pb::CreateApiKeyRequest { role: Role::Owner.into(), ..request.clone() },
            pb::CreateApiKeyRequest { scopes, ..request.clone() },
            pb::CreateApiKeyRequest { name: "other".to_owned(), ..request.clone() },
            pb::CreateApiKeyRequest { expire_time: Some(Timestamp::default()), ..request.clone() },
        ] {
            let refused = it.server.try_create_key(&it.owner, other).await;
            assert_refused(refused, Code::InvalidArgument, "REQUEST_ID_REUSED");
        }
        assert_eq!(it.keys().await, 1);
    }

    // A name is its maker's own, and its tenant's: nobody is told of another one's key by it.
    async fn a_name_tells_nobody_else_of_the_key(backend: Backend) {
        let it = World::new(backend).await;
        let adam = of(&it.server.sign_up_as("adam@acme.com", Role::Admin).await);
        let request = named(&ghost());
        let mut made = Vec::new();
        for by in [&it.owner, &adam, &it.bob] {
            let answer = it.server.try_create_key(by, request.clone()).await.unwrap();
            assert!(!answer.replayed);
            made.push(answer.api_key.unwrap().id);
        }
        // Ann again, in globex.
        it.server.set_role(&it.ann_id, &it.globex, Role::Owner).await;
        let there = it.server.switch_tenant(&it.ann.access_token, &it.globex).await.unwrap();
        let answer = it.server.try_create_key(&of(&there), request).await.unwrap();
        assert!(!answer.replayed);
        made.push(answer.api_key.unwrap().id);
        made.sort();
        made.dedup();
        assert_eq!(made.len(), 4);
    }

    async fn repeats_at_once_show_the_key_once(backend: Backend) {
        let it = World::new(backend).await;
        let request = named(&ghost());
        let calls = (0..16).map(|_| {
            let (mut client, request) = (it.server.auth_as(it.owner.clone()), request.clone());
            async move { client.create_api_key(request).await.unwrap().into_inner() }
        });
        let lock = "SELECT 1 FROM event_head FOR UPDATE";
        let answers = race(&it.server, lock, calls.collect()).await;
        assert_eq!(answers.iter().filter(|answer| !answer.replayed).count(), 1);
        assert!(answers.iter().all(|answer| answer.replayed == answer.key.is_empty()));
        assert!(answers.iter().all(|answer| answer.api_key == answers[0].api_key));
        assert_eq!(it.keys().await, 1);
        let made = "kind = 'api_key.created'";
        assert_eq!(it.server.count_where("events", made).await, 1);
    }
}
