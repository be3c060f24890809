//! What a token proves about the mailbox: the mailed one everything, the returned one nothing.

use super::{BOB, World};
use crate::support::{Backend, assert_refused, ghost, seen, server::PASSWORD};
use reeve::pb::{common::v1::Role, invitation::v1 as pb};
use tonic::Code;

async fn unproven(backend: Backend) -> World {
    let it = World::new(backend).await;
    it.set("users", &it.bob_id, "verified_time = NULL").await;
    it
}

async fn is_proven(it: &World) -> bool {
    it.server.count("users WHERE email = 'bob@globex.com' AND verified_time IS NOT NULL").await == 1
}

on_both! {
    // G-02, IN-28: by id an unproven address gets nowhere, whether there is an invitation or not.
    async fn an_unproven_address_accepts_nothing_by_id(backend: Backend) {
        let it = unproven(backend).await;
        let (id, _) = it.server.invite_by_mail(&it.owner, BOB, Role::Member).await;
        let own = it.server.accept_by_id(&it.bob, &id).await;
        let own = assert_refused(own, Code::PermissionDenied, "EMAIL_UNVERIFIED");
        let absent = it.server.accept_by_id(&it.bob, &ghost()).await.unwrap_err();
        assert_eq!(seen(&own), seen(&absent));
        assert_eq!(it.role_of_bob().await, None);
    }

    // G-02: the mailed token is the proof.
    async fn a_mailed_token_proves_the_mailbox(backend: Backend) {
        let it = unproven(backend).await;
        let (_, token) = it.server.invite_by_mail(&it.owner, BOB, Role::Member).await;
        it.server.accept_by_token(&it.bob, &token).await.unwrap();
        assert!(is_proven(&it).await);
        assert_eq!(it.role_of_bob().await.as_deref(), Some("member"));
    }

    // R-ENR-2, G-32, of the sessions: whoever else had signed in goes, once the owner has shown up.
    async fn a_proof_ends_the_sessions_before_it(backend: Backend) {
        let it = unproven(backend).await;
        let before = it.server.sign_in(BOB, PASSWORD).await.unwrap();
        let (_, token) = it.server.invite_by_mail(&it.owner, BOB, Role::Member).await;
        it.server.accept_by_token(&it.bob, &token).await.unwrap();
        let refused = it.server.who_am_i(&before.access_token).await;
        assert_refused(refused, Code::Unauthenticated, "SESSION_ENDED");
        let refused = it.server.refresh(&before.refresh_token).await;
        assert_refused(refused, Code::Unauthenticated, "SESSION_ENDED");
        let ended = "sessions WHERE end_reason = 'mailbox_proven'";
        assert_eq!(it.server.count(ended).await, 1);
        let told = format!(
            "events WHERE kind = 'session.ended' AND tenant_id = {}",
            it.server.literal(&it.globex)
        );
        assert_eq!(it.server.count(&told).await, 1);
        // The one that accepted stays, and a proof that is there already ends none.
        let later = it.server.sign_in(BOB, PASSWORD).await.unwrap();
        it.server.remove_user(&it.owner, &it.bob_id, "").await.unwrap();
        let (_, token) = it.server.invite_by_mail(&it.owner, BOB, Role::Member).await;
        it.server.accept_by_token(&it.bob, &token).await.unwrap();
        it.server.who_am_i(&later.access_token).await.unwrap();
        assert_eq!(it.server.count(ended).await, 1);
    }

    // R-INV-4: whoever invited has the returned token too.
    async fn a_returned_token_proves_nothing(backend: Backend) {
        let it = unproven(backend).await;
        let (_, token) = it.server.invite(&it.owner, BOB, Role::Member).await;
        let refused = it.server.accept_by_token(&it.bob, &token).await;
        assert_refused(refused, Code::PermissionDenied, "EMAIL_UNVERIFIED");
        assert!(!is_proven(&it).await && it.role_of_bob().await.is_none());
    }

    // The proof belongs to the token, not to the invitation: it does not carry over a resend.
    async fn a_resend_changes_what_is_proven(backend: Backend) {
        let it = unproven(backend).await;
        let (id, _) = it.server.invite_by_mail(&it.owner, BOB, Role::Member).await;
        it.server.age_invitations(120).await;
        let returned = pb::Delivery::ReturnToken;
        let shown = it.server.resend_invitation(&it.owner, &id, returned).await.unwrap().token;
        let refused = it.server.accept_by_token(&it.bob, &shown).await;
        assert_refused(refused, Code::PermissionDenied, "EMAIL_UNVERIFIED");

        it.server.age_invitations(120).await;
        it.server.resend_invitation(&it.owner, &id, pb::Delivery::Outbox).await.unwrap();
        it.server.mails_sent(4).await;
        let sent = it.server.mailed_token(BOB).await;
        it.server.accept_by_token(&it.bob, &sent).await.unwrap();
        assert!(is_proven(&it).await);
    }

    // An acceptance by somebody who is proven leaves the time of the proof alone.
    async fn an_earlier_proof_stands(backend: Backend) {
        let it = World::new(backend).await;
        it.set("users", &it.bob_id, "verified_time = create_time").await;
        let (_, token) = it.server.invite_by_mail(&it.owner, BOB, Role::Member).await;
        it.server.accept_by_token(&it.bob, &token).await.unwrap();
        let kept = "users WHERE email = 'bob@globex.com' AND verified_time = create_time";
        assert_eq!(it.server.count(kept).await, 1);
    }
}
