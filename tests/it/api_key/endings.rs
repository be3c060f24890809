//! How a key ends: whatever the cause, whoever presents it learns only that it opens nothing.

use super::World;
use crate::support::{
    Backend, assert_refused,
    invite::{of, user_id},
    keys::{MadeKey, SCOPES},
    seen,
    server::{Metadata, PASSWORD},
};
use reeve::pb::{auth::v1 as pb, common::v1::Role};
use tonic::{Code, Status};

/// A key of Adam, who is an owner of acme and a member of globex.
async fn world(backend: Backend) -> (World, pb::Session, MadeKey) {
    let it = World::new(backend).await;
    let adam = it.server.sign_up_as("adam@acme.com", Role::Owner).await;
    it.server.set_role(user_id(&adam), &it.globex, Role::Member).await;
    let key = it.server.create_key(&of(&adam), Role::Owner, &SCOPES).await;
    (it, adam, key)
}

/// The refusal of a key, alike for reads, writes and calls that name nothing that exists.
async fn refused(it: &World, by: &Metadata) -> Status {
    let read = it.list_users(by, "").await;
    let read = assert_refused(read, Code::Unauthenticated, "CREDENTIAL_INVALID");
    let write = it.server.remove_user(by, &it.ann_id, "").await.unwrap_err();
    assert_eq!(seen(&write), seen(&read));
    let elsewhere = it.list_users(by, &it.globex).await.unwrap_err();
    assert_eq!(seen(&elsewhere), seen(&read));
    read
}

on_both! {
    // R-ENU-1 in spirit, G-53, G-67: garbage and every way to end are one answer.
    async fn every_end_looks_alike(backend: Backend) {
        let (it, adam, key) = world(backend).await;
        let (server, by, adam) = (&it.server, key.credential(), user_id(&adam).to_owned());
        it.list_users(&by, "").await.unwrap();
        let mut other = key.text.clone();
        other.replace_range(10..11, if &other[10..11] == "A" { "B" } else { "A" });
        let garbage = refused(&it, &Metadata::bearer(&other)).await;
        for text in ["rk_", "rk_x", &key.text[3..], &format!("{}A", key.text), &key.text[..45]] {
            assert_eq!(seen(&refused(&it, &Metadata::bearer(text)).await), seen(&garbage));
        }
        let (past, now) = (server.time_ahead(-1), server.time_ahead(0));
        for (table, id, columns, back) in [
            ("api_keys", &key.id, format!("revoke_time = {now}"), "revoke_time = NULL"),
            ("api_keys", &key.id, format!("expire_time = {past}"), "expire_time = NULL"),
            ("users", &adam, "state = 'suspended'".to_owned(), "state = 'active'"),
            ("tenants", &it.acme, "state = 'suspended'".to_owned(), "state = 'active'"),
            ("tenants", &it.acme, "state = 'deleted'".to_owned(), "state = 'active'"),
        ] {
            it.set(table, id, &columns).await;
            assert_eq!(seen(&refused(&it, &by).await), seen(&garbage), "{columns}");
            it.set(table, id, back).await;
            it.list_users(&by, "").await.unwrap();
        }
        it.set_profile(&adam, "state = 'suspended'").await;
        assert_eq!(seen(&refused(&it, &by).await), seen(&garbage));
        it.set_profile(&adam, "state = 'active'").await;
        server.remove_user(&it.owner, &adam, "").await.unwrap();
        assert_eq!(seen(&refused(&it, &by).await), seen(&garbage));
    }

    // A key does not come to life again when its creator comes back.
    async fn a_key_ends_with_its_creators_membership_for_good(backend: Backend) {
        for leaves in [false, true] {
            let (it, adam, key) = world(backend).await;
            let (server, by, id) = (&it.server, key.credential(), user_id(&adam));
            let spare = server.create_key(&of(&adam), Role::Member, &["users:read"]).await;
            let before = server.revoke_key(&of(&adam), &spare.id, "").await.unwrap();
            let anns = it.key(Role::Owner, &SCOPES).await;
            let there = server.switch_tenant(&adam.access_token, &it.globex).await.unwrap();
            server.set_role(id, &it.globex, Role::Owner).await;
            let there = of(&server.refresh(&there.refresh_token).await.unwrap());
            let globex = server.create_key(&there, Role::Owner, &SCOPES).await;
            if leaves {
                server.leave_tenant(&adam.access_token, &it.acme).await.unwrap();
            } else {
                server.remove_user(&it.owner, id, "").await.unwrap();
            }
            refused(&it, &by).await;
            server.set_role(id, &it.acme, Role::Owner).await;
            refused(&it, &by).await;
            let listed = server.list_keys(&it.owner).await;
            let ended = |id: &str| listed.iter().find(|key| key.id == id).unwrap().revoke_time;
            assert!(ended(&key.id).is_some());
            assert_eq!(ended(&spare.id), before.revoke_time);
            assert_eq!(ended(&anns.id), None);
            let subject = server.literal(&key.id);
            let told = format!("kind = 'api_key.revoked' AND subject_id = {subject}");
            assert_eq!(server.count_where("events", &told).await, 1);
            // What others made, and what the same person made elsewhere, works on.
            it.list_users(&anns.credential(), "").await.unwrap();
            it.list_users(&globex.credential(), &it.globex).await.unwrap();
        }
    }

    // Nor when the account goes altogether, and the address comes back as another account.
    async fn a_key_ends_with_its_creators_account(backend: Backend) {
        let it = World::new(backend).await;
        let adam = it.server.sign_up_as("adam@acme.com", Role::Owner).await;
        let key = it.server.create_key(&of(&adam), Role::Owner, &SCOPES).await;
        it.server.remove_user(&it.owner, user_id(&adam), "").await.unwrap();
        refused(&it, &key.credential()).await;
        let (_, token) = it.server.invite_by_mail(&it.owner, "adam@acme.com", Role::Owner).await;
        it.server.try_sign_up(&token, "adam@acme.com", PASSWORD).await.unwrap();
        refused(&it, &key.credential()).await;
        let listed = it.server.list_keys(&it.owner).await;
        assert!(listed[0].revoke_time.is_some());
    }

    // TK-41 to TK-46: a key is a credential and no other kind of token.
    async fn a_key_is_no_other_kind_of_token(backend: Backend) {
        let it = World::new(backend).await;
        let key = it.key(Role::Owner, &SCOPES).await.text;
        let refused = it.server.refresh(&key).await;
        assert_refused(refused, Code::Unauthenticated, "REFRESH_TOKEN_INVALID");
        let refused = it.server.try_sign_up(&key, "carl@acme.com", PASSWORD).await;
        assert_refused(refused, Code::FailedPrecondition, "MAILBOX_PROOF_INVALID");
        let refused = it.server.preview_invitation(&key).await;
        assert_refused(refused, Code::NotFound, "NOT_FOUND");
        let request = pb::ListApiKeysRequest { page_token: key, ..Default::default() };
        let refused = it.server.try_list_keys(&it.owner, request).await;
        assert_refused(refused, Code::InvalidArgument, "PAGE_TOKEN_INVALID");
    }
}
