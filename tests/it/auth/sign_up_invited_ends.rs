//! Invitations that have ended, or whose tenant, inviter or seats are gone, at the sign-up.

use crate::support::{
    Backend, Server, assert_refused,
    seed::{OPERATOR, member},
    server::{Metadata, PASSWORD},
};
use reeve::{
    model::{
        invitation::{Delivery, Inviter},
        role::Role,
    },
    pb::{
        common::v1::Role as Named,
        tenant::v1::{CreateTenantRequest, ListUsersRequest},
    },
};
use tonic::Code;

const BOB: &str = "bob@else.org";

/// An invitation of Bob by its three tokens: mailed to him, the returned one of a second address,
/// and the proof that was mailed for that.
struct Ways {
    mailed: String,
    returned: String,
    proof: String,
}

const ANN: &str = "ann@else.org";

impl Ways {
    async fn seed(server: &Server, tenant: &str, role: Role, inviter: Inviter) -> Self {
        let invite = async |email, delivery| {
            server.seed_invitation(tenant, email, delivery, role, inviter).await.1
        };
        let mailed = invite(BOB, Delivery::Outbox).await;
        let returned = invite(ANN, Delivery::ReturnToken).await;
        server.try_start_invited(ANN, &returned).await.unwrap();
        let proof = server.mailed_token(ANN).await;
        Self { mailed, returned, proof }
    }

    /// Refused with one reason, whichever token it is and wherever it is shown.
    async fn refused(&self, server: &Server, reason: &str) {
        let code = Code::FailedPrecondition;
        assert_refused(server.try_sign_up(&self.mailed, BOB, PASSWORD).await, code, reason);
        assert_refused(server.try_sign_up(&self.proof, ANN, PASSWORD).await, code, reason);
        self.start_refused(server, reason).await;
    }

    async fn start_refused(&self, server: &Server, reason: &str) {
        let code = Code::FailedPrecondition;
        assert_refused(server.try_start_invited(BOB, &self.mailed).await, code, reason);
        assert_refused(server.try_start_invited(ANN, &self.returned).await, code, reason);
    }

    async fn open(&self, server: &Server) {
        server.try_sign_up(&self.mailed, BOB, PASSWORD).await.unwrap();
        server.try_sign_up(&self.proof, ANN, PASSWORD).await.unwrap();
    }
}

async fn nothing_was_made(server: &Server, users: i64) {
    assert_eq!(server.count("users").await, users);
    assert_eq!(server.count("user_profiles").await, users);
    assert_eq!(server.count("invitation_tokens WHERE accepted_by IS NOT NULL").await, 0);
}

on_both! {
    // IN-06, IN-07, G-05, R-INV-3, R-INV-7: each end is told by its name to the holder; a proof
    // that was mailed before dies with its invitation.
    async fn every_end_has_its_reason(backend: Backend) {
        let server = Server::start(backend).await;
        let acme = server.create_tenant("acme", &[]).await;
        let ways = Ways::seed(&server, &acme, Role::Member, OPERATOR).await;
        for (state, reason) in [
            ("revoked", "INVITATION_REVOKED"),
            ("declined", "INVITATION_DECLINED"),
            ("expired", "INVITATION_EXPIRED"),
        ] {
            server.execute(&server.invitations_into(state)).await;
            ways.refused(&server, reason).await;
            nothing_was_made(&server, 0).await;
        }
        server.execute(&server.invitations_into("accepted")).await;
        ways.refused(&server, "INVITATION_ACCEPTED").await;

        // The database's clock ends it, no cleaner.
        server.execute(&server.invitations_into("pending")).await;
        let day = server.shifted("expire_time", -86_400);
        server.execute(&format!("UPDATE invitation_tokens SET expire_time = {day}")).await;
        ways.refused(&server, "INVITATION_EXPIRED").await;
        nothing_was_made(&server, 0).await;
        // Its end comes before the password, which a weak one shows.
        let weak = server.try_sign_up(&ways.mailed, BOB, "short").await;
        assert_refused(weak, Code::FailedPrecondition, "INVITATION_EXPIRED");
        let back = server.shifted("expire_time", 86_400);
        server.execute(&format!("UPDATE invitation_tokens SET expire_time = {back}")).await;
        ways.open(&server).await;
    }

    // IN-08, R-INV-3: once, by whichever of its tokens.
    async fn an_invitation_works_once(backend: Backend) {
        let server = Server::start(backend).await;
        let acme = server.create_tenant("megacorp", &[]).await;
        let mailed = server.mailed_invitation(&acme, BOB).await;
        server.try_start_invited(BOB, &mailed).await.unwrap();
        let proof = server.mailed_token(BOB).await;
        // A refused password uses nothing up.
        for token in [&mailed, &proof] {
            let weak = server.try_sign_up(token, BOB, "short").await;
            assert_refused(weak, Code::InvalidArgument, "PASSWORD_REFUSED");
            let telling = server.try_sign_up(token, BOB, "MegaCorp2031!").await;
            assert_refused(telling, Code::InvalidArgument, "PASSWORD_REFUSED");
        }
        server.try_sign_up(&mailed, BOB, PASSWORD).await.unwrap();
        let again = server.try_sign_up(&mailed, BOB, PASSWORD).await;
        assert_refused(again, Code::FailedPrecondition, "INVITATION_ACCEPTED");
        let other = server.try_sign_up(&proof, BOB, PASSWORD).await;
        assert_refused(other, Code::FailedPrecondition, "MAILBOX_PROOF_INVALID");
        let start = server.try_start_invited(BOB, &mailed).await;
        assert_refused(start, Code::FailedPrecondition, "INVITATION_ACCEPTED");
        assert_eq!(server.count("users").await, 1);
        assert_eq!(server.count("sessions").await, 1);
    }

    // IN-16, R-INV-6: the invitation is as good as its inviter, at the acceptance.
    async fn an_invitation_dies_with_its_inviter(backend: Backend) {
        let server = Server::start(backend).await;
        let acme = server.create_tenant("acme", &["acme.com"]).await;
        let admin = server.sign_up_as("adm@acme.com", Named::Admin).await.user.unwrap();
        let ways = Ways::seed(&server, &acme, Role::Admin, member(&admin.id)).await;
        let id = server.literal(&admin.id);
        for (change, back) in [
            ("user_profiles SET role = 'member'", "user_profiles SET role = 'admin'"),
            ("user_profiles SET state = 'suspended'", "user_profiles SET state = 'active'"),
        ] {
            server.execute(&format!("UPDATE {change} WHERE user_id = {id}")).await;
            ways.refused(&server, "INVITATION_VOID").await;
            server.execute(&format!("UPDATE {back} WHERE user_id = {id}")).await;
        }
        server.execute(&format!("UPDATE users SET state = 'suspended' WHERE id = {id}")).await;
        ways.refused(&server, "INVITATION_VOID").await;
        nothing_was_made(&server, 1).await;
        server.execute(&format!("UPDATE users SET state = 'active' WHERE id = {id}")).await;
        ways.open(&server).await;
    }

    // IN-16: removed altogether; and an inviter who lacks the role that was promised.
    async fn a_removed_or_lesser_inviter_invites_nobody(backend: Backend) {
        let server = Server::start(backend).await;
        let acme = server.create_tenant("acme", &["acme.com"]).await;
        let admin = server.sign_up_as("adm@acme.com", Named::Admin).await.user.unwrap();
        let by_admin = member(&admin.id);
        // IN-12: above the inviter's own role.
        let (_, token) =
            server.seed_invitation(&acme, "own@else.org", Delivery::Outbox, Role::Owner, by_admin).await;
        let refused = server.try_sign_up(&token, "own@else.org", PASSWORD).await;
        assert_refused(refused, Code::FailedPrecondition, "INVITATION_VOID");
        let ways = Ways::seed(&server, &acme, Role::Member, by_admin).await;
        let id = server.literal(&admin.id);
        server.execute(&format!("DELETE FROM users WHERE id = {id}")).await;
        ways.refused(&server, "INVITATION_VOID").await;
        nothing_was_made(&server, 0).await;
    }

    // IN-15, SU-48, G-22, G-30: a tenant that takes nobody in takes no invited people either; one
    // that asks for invitations does.
    async fn the_tenant_has_to_be_open(backend: Backend) {
        let server = Server::start(backend).await;
        let acme = server.create_tenant("acme", &["acme.com"]).await;
        let ways = Ways::seed(&server, &acme, Role::Member, OPERATOR).await;
        let domain = server.start_sign_up("eve@acme.com").await;
        for (change, reason) in [
            ("state = 'suspended'", "TENANT_INACTIVE"),
            ("state = 'deleted'", "TENANT_INACTIVE"),
            ("state = 'active', enrollment = 'closed'", "ENROLLMENT_CLOSED"),
        ] {
            server.execute(&format!("UPDATE tenants SET {change}")).await;
            ways.refused(&server, reason).await;
            let code = Code::FailedPrecondition;
            let by_domain = server.try_sign_up(&domain, "eve@acme.com", PASSWORD).await;
            assert_refused(by_domain, code, "TENANT_UNRESOLVED");
            nothing_was_made(&server, 0).await;
        }
        server.execute("UPDATE tenants SET enrollment = 'invite_only'").await;
        let by_domain = server.try_sign_up(&domain, "eve@acme.com", PASSWORD).await;
        assert_refused(by_domain, Code::FailedPrecondition, "TENANT_UNRESOLVED");
        let start = server.try_start("eve@acme.com").await;
        assert_refused(start, Code::FailedPrecondition, "TENANT_UNRESOLVED");
        ways.open(&server).await;
        // Both ways where the tenant allows both.
        server.execute("UPDATE tenants SET enrollment = 'domain'").await;
        server.try_sign_up(&domain, "eve@acme.com", PASSWORD).await.unwrap();
        let third = server.mailed_invitation(&acme, "kim@acme.com").await;
        server.try_sign_up(&third, "kim@acme.com", PASSWORD).await.unwrap();
    }

    // IN-18, R-INV-8: no seat, no account; and the invitation waits for one.
    async fn an_invitation_is_no_seat(backend: Backend) {
        let server = Server::start(backend).await;
        let request = CreateTenantRequest {
            slug: "acme".to_owned(),
            seat_limit: Some(1),
            domains: vec!["acme.com".to_owned()],
            ..Default::default()
        };
        let made = server.tenant_as(server.operator()).create_tenant(request).await.unwrap();
        let acme = made.into_inner().tenant.unwrap().id;
        let ways = Ways::seed(&server, &acme, Role::Member, OPERATOR).await;
        server.sign_up("kim@acme.com").await;
        for (token, email) in [(&ways.mailed, BOB), (&ways.proof, ANN)] {
            let refused = server.try_sign_up(token, email, PASSWORD).await;
            assert_refused(refused, Code::FailedPrecondition, "SEAT_LIMIT_REACHED");
        }
        nothing_was_made(&server, 1).await;
        server.execute("UPDATE user_profiles SET state = 'suspended'").await;
        server.try_sign_up(&ways.mailed, BOB, PASSWORD).await.unwrap();
        let refused = server.try_sign_up(&ways.proof, ANN, PASSWORD).await;
        assert_refused(refused, Code::FailedPrecondition, "SEAT_LIMIT_REACHED");
        server.execute("UPDATE tenants SET seat_limit = 2").await;
        server.try_sign_up(&ways.proof, ANN, PASSWORD).await.unwrap();
    }

    // G-08: whoever came in by invitation and is not active any more does nothing there.
    async fn only_an_active_membership_counts(backend: Backend) {
        let server = Server::start(backend).await;
        let acme = server.create_tenant("acme", &[]).await;
        let (_, token) =
            server.seed_invitation(&acme, BOB, Delivery::Outbox, Role::Owner, OPERATOR).await;
        let session = server.try_sign_up(&token, BOB, PASSWORD).await.unwrap();
        let bearer = Metadata::bearer(&session.access_token);
        server.tenant_as(bearer.clone()).list_users(ListUsersRequest::default()).await.unwrap();
        server.execute("UPDATE user_profiles SET state = 'suspended'").await;
        let refused = server.tenant_as(bearer).list_users(ListUsersRequest::default()).await;
        assert_refused(refused, Code::Unauthenticated, "SESSION_ENDED");
        let refused = server.who_am_i(&session.access_token).await;
        assert_refused(refused, Code::Unauthenticated, "SESSION_ENDED");
        assert!(server.refresh(&session.refresh_token).await.is_err());
        let refused = server.sign_in(BOB, PASSWORD).await;
        assert_refused(refused, Code::Unauthenticated, "SIGN_IN_FAILED");
        // Nor does the spent token bring it back.
        let again = server.try_sign_up(&token, BOB, PASSWORD).await;
        assert_refused(again, Code::FailedPrecondition, "INVITATION_ACCEPTED");
    }
}
