//! Journey 1: an operator makes a tenant, a person signs up by domain and lands in it.

use crate::support::{Backend, Server, assert_refused, server::Metadata};
use reeve::pb::{auth::v1 as pb, sync::v1::GetSyncStatusRequest};
use tonic::Code;

on_both! {
    async fn sign_up_by_domain(backend: Backend) {
        let server = Server::start(backend).await;
        let acme = server.create_tenant("acme", &["acme.com"]).await;

        let session = server.sign_up("ann@acme.com").await;
        assert_eq!(session.tenant.unwrap().id, acme);
        assert_eq!(session.profile.unwrap().tenant_id, acme);

        let me = server
            .auth_as(Metadata::bearer(&session.access_token))
            .who_am_i(pb::WhoAmIRequest {})
            .await
            .unwrap()
            .into_inner();
        assert_eq!(me.memberships.len(), 1);
        assert!(me.user.unwrap().email_verified);

        let bob = pb::StartSignUpRequest { email: "bob@else.org".to_owned(), ..Default::default() };
        let refused = server.auth().start_sign_up(bob).await;
        let status = assert_refused(refused, Code::FailedPrecondition, "TENANT_UNRESOLVED");
        assert!(status.message().contains("Cannot determine tenant"));

        let status = server
            .sync_as(server.operator())
            .get_sync_status(GetSyncStatusRequest {})
            .await
            .unwrap()
            .into_inner();
        assert_eq!((status.total_auth_users, status.missing_profiles), (Some(1), Some(0)));
    }
}
