//! What whoever found a tenant's key, with every scope and the highest role, can not do with it.

use super::World;
use crate::support::{
    Backend, assert_refused, ghost,
    invite::returned,
    keys::{SCOPES, key_request},
    server::{Metadata, PASSWORD},
};
use reeve::pb::{common::v1::Role, invitation::v1::Delivery};
use tonic::Code;

const VICTIM: &str = "victim@else.org";
const OTHER: &str = "a password of an attacker 9";

/// The found key; it is an owner's and has every scope.
async fn world(backend: Backend) -> (World, Metadata) {
    let it = World::new(backend).await;
    let key = it.key(Role::Owner, &SCOPES).await.credential();
    (it, key)
}

on_both! {
    // It outlives nothing: no key and no session comes from it.
    async fn it_makes_no_key_and_no_session(backend: Backend) {
        let (it, key) = world(backend).await;
        let keys = it.keys().await;
        for role in [Role::Member, Role::Owner] {
            let refused = it.server.try_create_key(&key, key_request(role, &["users:read"])).await;
            assert_refused(refused, Code::PermissionDenied, "PERMISSION_DENIED");
        }
        let text = it.server.create_key(&it.owner, Role::Owner, &SCOPES).await.text;
        let refused = it.server.switch_tenant(&text, &it.acme).await;
        assert_refused(refused, Code::PermissionDenied, "PERMISSION_DENIED");
        let refused = it.server.who_am_i(&text).await;
        assert_refused(refused, Code::PermissionDenied, "PERMISSION_DENIED");
        assert_eq!(it.keys().await, keys + 1);
    }

    // R-ENR-1, R-INV-4, G-17, S2: it gets no account of an address whose mail it does not read.
    async fn it_gets_no_account_without_the_mailbox(backend: Backend) {
        let (it, key) = world(backend).await;
        let request = returned(VICTIM, Role::Owner);
        let made = it.server.try_invite(&key, request).await.unwrap();
        let token = made.token;
        let refused = it.server.try_sign_up(&token, VICTIM, OTHER).await;
        assert_refused(refused, Code::FailedPrecondition, "MAILBOX_PROOF_REQUIRED");
        // The way on is the mailbox, which is the victim's.
        it.server.try_start_invited(VICTIM, &token).await.unwrap();
        let refused = it.server.try_sign_up(&token, VICTIM, OTHER).await;
        assert_refused(refused, Code::FailedPrecondition, "MAILBOX_PROOF_REQUIRED");
        // Another mailbox is not proof of this one.
        let refused = it.server.try_start_invited("evil@else.org", &token).await;
        assert_refused(refused, Code::PermissionDenied, "EMAIL_MISMATCH");
        let refused = it.server.accept_by_token(&it.bob, &token).await;
        assert_refused(refused, Code::PermissionDenied, "EMAIL_MISMATCH");
        // Not even a new token of the mailed kind comes into its hands.
        it.server.age_invitations(61).await;
        let id = made.invitation.unwrap().id;
        let resent = it.server.resend_invitation(&key, &id, Delivery::Outbox).await.unwrap();
        assert_eq!((resent.token.as_str(), resent.invite_url.as_str()), ("", ""));
        assert_eq!(it.server.count("users").await, 2);
        it.server.mail_to(VICTIM, "token=").await;
        let proof = it.server.mailed_token(VICTIM).await;
        let session = it.server.try_sign_up(&proof, VICTIM, PASSWORD).await.unwrap();
        assert!(session.user.unwrap().email_verified);
        assert!(it.server.sign_in(VICTIM, OTHER).await.is_err());
    }

    // Nor by naming an account that exists: it keeps its password, and joins only by itself.
    async fn it_changes_no_account_that_exists(backend: Backend) {
        let (it, key) = world(backend).await;
        let made = it.server.try_invite(&key, returned("bob@globex.com", Role::Owner)).await.unwrap();
        let refused = it.server.try_sign_up(&made.token, "bob@globex.com", OTHER).await;
        assert_refused(refused, Code::FailedPrecondition, "MAILBOX_PROOF_REQUIRED");
        let refused = it.server.accept_by_token(&key, &made.token).await;
        assert_refused(refused, Code::PermissionDenied, "PERMISSION_DENIED");
        assert!(it.server.sign_in("bob@globex.com", OTHER).await.is_err());
        it.server.sign_in("bob@globex.com", PASSWORD).await.unwrap();
        let refused = it.server.update_role(&key, &it.bob_id, "", Role::Owner).await;
        assert_refused(refused, Code::NotFound, "NOT_FOUND");
        let bobs = it.server.literal(&it.bob_id);
        assert_eq!(it.server.count_where("user_profiles", &format!("user_id = {bobs}")).await, 1);
    }

    // R-DOM-4: a sign-up that waits by its domain, or on another tenant's invitation, is beyond it.
    async fn it_neither_voids_nor_redirects_a_pending_sign_up(backend: Backend) {
        let (it, key) = world(backend).await;
        let (by_domain, invited) = ("carl@globex.com", "dora@else.org");
        let domain_proof = it.server.start_sign_up(by_domain).await;
        let (theirs, mailed) = it.server.invite_by_mail(&it.bob, invited, Role::Admin).await;
        let before = it.server.tokens_mailed(invited);
        it.server.try_start_invited(invited, &mailed).await.unwrap();
        let invited_proof = it.server.token_mailed_after(invited, before).await;
        assert!(domain_proof.starts_with("su_") && invited_proof.starts_with("su_"));
        let waiting = it.server.count("pending_sign_ups").await;
        assert_eq!(waiting, 2);
        for email in [by_domain, invited] {
            let made = it.server.try_invite(&key, returned(email, Role::Owner)).await.unwrap();
            it.server.try_start_invited(email, &made.token).await.unwrap();
            it.server.try_start(by_domain).await.unwrap();
            it.server.age_invitations(61).await;
            let id = made.invitation.unwrap().id;
            it.server.resend_invitation(&key, &id, Delivery::ReturnToken).await.unwrap();
            it.server.revoke_invitation(&key, &id).await.unwrap();
        }
        for id in [&theirs, &ghost()] {
            let refused = it.server.revoke_invitation(&key, id).await;
            assert_refused(refused, Code::NotFound, "NOT_FOUND");
            let refused = it.server.resend_invitation(&key, id, Delivery::ReturnToken).await;
            assert_refused(refused, Code::NotFound, "NOT_FOUND");
        }
        for (proof, email, role) in [
            (domain_proof, by_domain, Role::Member),
            (invited_proof, invited, Role::Admin),
        ] {
            let session = it.server.try_sign_up(&proof, email, PASSWORD).await.unwrap();
            assert_eq!(session.tenant.unwrap().id, it.globex);
            assert_eq!(session.profile.unwrap().role(), role);
        }
    }
}
