//! Tokens of invitations: for one address, one purpose, and until they are replaced.

use crate::support::{
    Backend, Server, assert_refused, seed, seen,
    server::{Metadata, PASSWORD},
    violated_fields,
};
use reeve::{
    app::SystemRng,
    db::invitation_tokens,
    model::{
        id::{Id as _, InvitationId},
        invitation::{Delivery, Invitation},
        role::Role,
    },
    pb::tenant::v1::ListTenantsRequest,
    token::new_invitation_token,
};
use secrecy::ExposeSecret as _;
use std::time::Duration;
use tonic::Code;

const BOB: &str = "bob@else.org";
const INVALID: &str = "MAILBOX_PROOF_INVALID";

/// Replaces an invitation's token, as resending it does.
async fn replace_token(server: &Server, tenant: &str, id: &str, delivery: Delivery) -> String {
    let (token, hash) = new_invitation_token(&SystemRng);
    let (hash, id) = (&hash, InvitationId::parse("id", id).unwrap());
    let (scope, budget) = (seed::tenant_scope(seed::tenant_id(tenant)), seed::budget());
    let write = server.app.db.write(scope, &budget, async |tx| {
        let now = tx.now().await?;
        let old = invitation_tokens::find(tx, id).await?.unwrap();
        let expire_time = now + Duration::from_hours(24);
        let resend_count = old.resend_count + 1;
        let next = Invitation { delivery, expire_time, token_time: now, resend_count, ..old };
        invitation_tokens::replace_token(tx, &next, hash).await
    });
    assert!(write.await.unwrap());
    token.expose_secret().to_owned()
}

/// A token with another character in its middle: well-formed, and nobody's.
fn altered(token: &str, at: usize) -> String {
    let other = if token.as_bytes()[at] == b'A' { "B" } else { "A" };
    format!("{}{other}{}", &token[..at], &token[at + 1..])
}

on_both! {
    // IN-10, G-13, G-15, G-21, R-INV-4: for the invited address and no other.
    async fn a_token_is_for_its_address(backend: Backend) {
        let server = Server::start(backend).await;
        let acme = server.create_tenant("acme", &["acme.com"]).await;
        let mailed = server.mailed_invitation(&acme, BOB).await;
        let second = server.mailed_invitation(&acme, "ann@else.org").await;
        server.try_start_invited(BOB, &mailed).await.unwrap();
        let proof = server.mailed_token(BOB).await;
        let forged = server.try_sign_up(&altered(&proof, 60), BOB, PASSWORD).await;
        let uniform = seen(&assert_refused(forged, Code::FailedPrecondition, INVALID));
        for email in ["eve@evil.test", "ann@else.org", "bob+x@else.org", "bob@else.org.evil.test", "eve@acme.com"] {
            for token in [&mailed, &proof] {
                let status = server.try_sign_up(token, email, PASSWORD).await.unwrap_err();
                assert_eq!(seen(&status), uniform, "{email}");
            }
            let refused = server.try_start_invited(email, &mailed).await;
            assert_refused(refused, Code::PermissionDenied, "EMAIL_MISMATCH");
        }
        let swapped = server.try_sign_up(&second, BOB, PASSWORD).await;
        assert_refused(swapped, Code::FailedPrecondition, INVALID);
        assert_eq!(server.count("users").await, 0);
        assert_eq!(server.count("mail_outbox").await, 1, "nobody but Bob got mail");
        // Even when it has ended, another address is not told so by SignUp.
        server.execute(&server.invitations_into("revoked")).await;
        let status = server.try_sign_up(&mailed, "eve@evil.test", PASSWORD).await.unwrap_err();
        assert_eq!(seen(&status), uniform);
        server.execute(&server.invitations_into("pending")).await;
        // Case is no other address.
        let session = server.try_sign_up(&mailed, "BOB@Else.Org", PASSWORD).await.unwrap();
        assert!(session.user.unwrap().email_verified);
    }

    // G-01, R-INV-7: what is no token, and what is nobody's, get one answer.
    async fn unknown_tokens_are_all_alike(backend: Backend) {
        let server = Server::start(backend).await;
        let acme = server.create_tenant("acme", &["else.org"]).await;
        let token = server.mailed_invitation(&acme, BOB).await;
        let (mut starts, mut sign_ups) = (Vec::new(), Vec::new());
        let mut wrong: Vec<_> = (0..token.len() - 1).step_by(6).map(|at| altered(&token, at)).collect();
        wrong.extend([
            token[..42].to_owned(),
            format!("{token}="),
            format!(" {token}"),
            format!("{token}\0"),
            token.to_uppercase(),
            format!("su_{}", &token[3..]),
            format!("rk_{token}"),
            "x".to_owned(),
            "a".repeat(60_000),
        ]);
        for wrong in &wrong {
            let refused = server.try_start_invited(BOB, wrong).await;
            starts.push(seen(&assert_refused(refused, Code::NotFound, "NOT_FOUND")));
            let refused = server.try_sign_up(wrong, BOB, PASSWORD).await;
            sign_ups.push(seen(&assert_refused(refused, Code::FailedPrecondition, INVALID)));
        }
        assert!(starts.iter().all(|answer| *answer == starts[0]));
        assert!(sign_ups.iter().all(|answer| *answer == sign_ups[0]));
        // A wrong token is not a missing one: the domain does not step in.
        assert_eq!(server.count("pending_sign_ups").await, 0);
        assert_eq!(server.count("mail_outbox").await, 0);
        // A wrong address is named before any token is looked at.
        let malformed = server.try_start_invited("bob", &token).await;
        let status = assert_refused(malformed, Code::InvalidArgument, "FIELD_INVALID");
        assert_eq!(violated_fields(&status), ["email"]);
        server.try_sign_up(&token, BOB, PASSWORD).await.unwrap();
    }

    // IN-26, TK-41 to TK-46: an invitation's token is nothing else, and nothing else is one.
    async fn kinds_of_tokens_do_not_mix(backend: Backend) {
        let server = Server::start(backend).await;
        let acme = server.create_tenant("acme", &["acme.com"]).await;
        server.create_tenant("beta", &[]).await;
        let session = server.sign_up("ann@acme.com").await;
        let mailed = server.mailed_invitation(&acme, BOB).await;
        let returned = server.returned_invitation(&acme, "kim@else.org").await;
        server.try_start_invited(BOB, &mailed).await.unwrap();
        let proof = server.mailed_token(BOB).await;
        let list = async |metadata, page_token: &str| {
            let page_token = page_token.to_owned();
            let request = ListTenantsRequest { page_size: 1, page_token };
            server.tenant_as(metadata).list_tenants(request).await
        };
        let page = list(server.operator(), "").await.unwrap().into_inner().next_page_token;
        for token in [&mailed, &returned] {
            for text in [token.clone(), format!("rk_{token}")] {
                let refused = server.who_am_i(&text).await;
                assert_refused(refused, Code::Unauthenticated, "CREDENTIAL_INVALID");
                let refused = list(Metadata::bearer(&text), "").await;
                assert_refused(refused, Code::Unauthenticated, "CREDENTIAL_INVALID");
            }
            let refused = server.refresh(token).await;
            assert_refused(refused, Code::Unauthenticated, "REFRESH_TOKEN_INVALID");
            let refused = list(server.operator(), token).await;
            assert_refused(refused, Code::InvalidArgument, "PAGE_TOKEN_INVALID");
            // In the form of a proof.
            let refused = server.try_sign_up(&format!("su_{token}"), BOB, PASSWORD).await;
            assert_refused(refused, Code::FailedPrecondition, INVALID);
        }
        for kind in [&proof, &session.access_token, &session.refresh_token, &server.operator_key, &page] {
            let refused = server.try_start_invited(BOB, kind).await;
            assert_refused(refused, Code::NotFound, "NOT_FOUND");
        }
        // Without its prefix a key has the form of an invitation's token.
        let bare = server.operator_key.trim_start_matches("rk_");
        assert_eq!(bare.len(), mailed.len());
        let refused = server.try_start_invited(BOB, bare).await;
        assert_refused(refused, Code::NotFound, "NOT_FOUND");
        let refused = server.try_sign_up(bare, BOB, PASSWORD).await;
        assert_refused(refused, Code::FailedPrecondition, INVALID);
        assert_eq!(server.count("users").await, 1);
    }

    // IN-17, R-INV-7: the old token is dead, and how the new one left is what counts.
    async fn a_replaced_token_is_dead(backend: Backend) {
        let server = Server::start(backend).await;
        let acme = server.create_tenant("acme", &[]).await;
        let (id, mailed) =
            server.seed_invitation(&acme, BOB, Delivery::Outbox, Role::Member, seed::OPERATOR).await;
        server.try_start_invited(BOB, &mailed).await.unwrap();
        let proof = server.mailed_token(BOB).await;
        let returned = replace_token(&server, &acme, &id, Delivery::ReturnToken).await;
        let refused = server.try_sign_up(&mailed, BOB, PASSWORD).await;
        assert_refused(refused, Code::FailedPrecondition, INVALID);
        let refused = server.try_start_invited(BOB, &mailed).await;
        assert_refused(refused, Code::NotFound, "NOT_FOUND");
        let refused = server.try_sign_up(&returned, BOB, PASSWORD).await;
        assert_refused(refused, Code::FailedPrecondition, "MAILBOX_PROOF_REQUIRED");
        // It is the same invitation, so the same sign-up goes on with it.
        server.try_start_invited(BOB, &returned).await.unwrap();
        assert_eq!(server.count("pending_sign_ups").await, 1);
        let mailed_again = replace_token(&server, &acme, &id, Delivery::Outbox).await;
        let refused = server.try_sign_up(&returned, BOB, PASSWORD).await;
        assert_refused(refused, Code::FailedPrecondition, INVALID);
        // And the proof of the mailbox stays one.
        let session = server.try_sign_up(&proof, BOB, PASSWORD).await.unwrap();
        assert_eq!(session.tenant.unwrap().id, acme);
        let refused = server.try_sign_up(&mailed_again, BOB, PASSWORD).await;
        assert_refused(refused, Code::FailedPrecondition, "INVITATION_ACCEPTED");
    }

    // A proof says which invitation: another one of the same tenant and address is another.
    async fn a_proof_holds_for_its_invitation(backend: Backend) {
        let server = Server::start(backend).await;
        let acme = server.create_tenant("acme", &[]).await;
        let first = server.returned_invitation(&acme, BOB).await;
        server.try_start_invited(BOB, &first).await.unwrap();
        let proof = server.mailed_token(BOB).await;
        server.execute(&server.invitations_into("revoked")).await;
        let second = server.returned_invitation(&acme, BOB).await;
        let refused = server.try_sign_up(&proof, BOB, PASSWORD).await;
        assert_refused(refused, Code::FailedPrecondition, "INVITATION_REVOKED");
        server.try_start_invited(BOB, &second).await.unwrap();
        server.mails_sent(2).await;
        let fresh = server.mailed_token(BOB).await;
        assert_ne!(proof, fresh);
        server.try_sign_up(&fresh, BOB, PASSWORD).await.unwrap();
        assert_eq!(server.count("invitation_tokens WHERE state = 'accepted'").await, 1);
        assert_eq!(server.count("invitation_tokens WHERE state = 'revoked'").await, 1);
    }
}
