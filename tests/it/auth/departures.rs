//! Whom a tenant removed is not placed by its domain again until invited.

use crate::support::{Backend, Options, Server, assert_refused, seen, server::PASSWORD};
use tonic::Code;

const ANN: &str = "ann@acme.com";

on_both! {
    // One answer with every other cause, at both steps, also for a proof mailed before.
    async fn a_removed_member_is_not_placed_by_domain(backend: Backend) {
        let server = Server::start(backend).await;
        let acme = server.create_tenant("acme", &["acme.com"]).await;
        let other = server.create_tenant("other", &["other.com"]).await;
        let unknown = server.try_start("ann@nobody.org").await;
        let uniform = assert_refused(unknown, Code::FailedPrecondition, "TENANT_UNRESOLVED");
        let proof = server.start_sign_up(ANN).await;
        server.seed_departure(&acme, ANN).await;
        for email in [ANN, "ANN@Acme.com"] {
            let status = server.try_start(email).await.unwrap_err();
            assert_eq!(seen(&status), seen(&uniform));
            let status = server.try_sign_up(&proof, email, PASSWORD).await.unwrap_err();
            assert_eq!(seen(&status), seen(&uniform));
        }
        assert_eq!(server.count("users").await, 0);
        assert_eq!(server.count("mail_outbox").await, 1, "no mail but the first");

        // Her alone, and there alone; a tag does not make somebody else.
        server.seed_departure(&acme, "ann@other.com").await;
        for (email, tenant) in
            [("bob@acme.com", &acme), ("ann@other.com", &other)]
        {
            assert_eq!(server.sign_up(email).await.tenant.unwrap().id, *tenant, "{email}");
        }
        let tagged = server.try_start("ann+x@acme.com").await;
        assert_eq!(seen(&tagged.unwrap_err()), seen(&uniform));
    }

    // Without a required proof, too.
    async fn leaving_out_the_proof_does_not_bring_back(backend: Backend) {
        let relaxed = Options(vec![("REEVE_REQUIRE_VERIFIED_EMAIL", "false".to_owned())]);
        let server = Server::start_with(backend, relaxed).await;
        let acme = server.create_tenant("acme", &["acme.com"]).await;
        server.seed_departure(&acme, ANN).await;
        let refused = server.try_sign_up("", ANN, PASSWORD).await;
        assert_refused(refused, Code::FailedPrecondition, "TENANT_UNRESOLVED");
        server.try_sign_up("", "bob@acme.com", PASSWORD).await.unwrap();
    }

    // The longest match decides: a parent's tenant does not step in for the one that removed.
    async fn no_other_domain_steps_in(backend: Backend) {
        let server = Server::start(backend).await;
        let group = server.create_tenant("group", &[]).await;
        let lab = server.create_tenant("lab", &["lab.group.net"]).await;
        server.add_domain(&group, "group.net", true).await;
        server.seed_departure(&lab, "ann@lab.group.net").await;
        let refused = server.try_start("ann@lab.group.net").await;
        assert_refused(refused, Code::FailedPrecondition, "TENANT_UNRESOLVED");
        server.try_start("bob@lab.group.net").await.unwrap();
    }

    // Being invited is not enough, accepting is; then it is as if she had not left.
    async fn an_accepted_invitation_forgets_the_departure(backend: Backend) {
        let server = Server::start(backend).await;
        let acme = server.create_tenant("acme", &["acme.com"]).await;
        let other = server.create_tenant("other", &[]).await;
        server.seed_departure(&acme, ANN).await;
        server.seed_departure(&other, ANN).await;
        let token = server.returned_invitation(&acme, ANN).await;
        let refused = server.try_start(ANN).await;
        assert_refused(refused, Code::FailedPrecondition, "TENANT_UNRESOLVED");
        server.try_start_invited(ANN, &token).await.unwrap();
        let proof = server.mailed_token(ANN).await;
        let session = server.try_sign_up(&proof, ANN, PASSWORD).await.unwrap();
        assert_eq!(session.tenant.unwrap().id, acme);
        // The other tenant's is its own affair.
        let left = server.literal(&other);
        assert_eq!(server.count("departures").await, 1);
        assert_eq!(server.count(&format!("departures WHERE tenant_id = {left}")).await, 1);
        server.try_start(ANN).await.unwrap();
    }
}
