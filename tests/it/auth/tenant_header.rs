//! `x-tenant-id` and `tenant_id`: compared with the credential, never obeyed.

use crate::support::{Backend, Server, assert_refused, ghost, seen, server::Metadata};
use reeve::pb::{
    auth::v1 as pb,
    common::v1::Role,
    tenant::v1::{GetTenantRequest, ListTenantsRequest, ListUsersRequest},
};
use tonic::{Code, Status};

async fn call(server: &Server, metadata: Metadata) -> Result<pb::WhoAmIResponse, Status> {
    Ok(server.auth_as(metadata).who_am_i(pb::WhoAmIRequest {}).await?.into_inner())
}

on_both! {
    // R-TEN-2, the guide's cross-tenant test (S4), TI-03
    async fn a_header_of_another_tenant_is_refused(backend: Backend) {
        let server = Server::start(backend).await;
        let own = server.create_tenant("own", &["own.com"]).await;
        let other = server.create_tenant("other", &["other.com"]).await;
        let session = server.sign_up("ann@own.com").await;
        // Even a membership there does not make it the credential's tenant.
        server.set_role(&session.user.unwrap().id, &other, Role::Owner).await;
        let token = Metadata::bearer(&session.access_token);
        let mut answers = Vec::new();
        for header in [other.clone(), other.to_uppercase(), ghost()] {
            let metadata = token.clone().with("x-tenant-id", &header);
            let refused = call(&server, metadata.clone()).await;
            let status = assert_refused(refused, Code::PermissionDenied, "TENANT_MISMATCH");
            answers.push(seen(&status));
            let refused = server.tenant_as(metadata).list_users(ListUsersRequest::default()).await;
            let status = assert_refused(refused, Code::PermissionDenied, "TENANT_MISMATCH");
            answers.push(seen(&status));
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]));
        for header in [own.clone(), own.to_uppercase()] {
            let me = call(&server, token.clone().with("x-tenant-id", &header)).await.unwrap();
            assert_eq!(me.tenant.unwrap().id, own);
        }
    }

    // R-TEN-2: one UUID, once.
    async fn a_malformed_header_is_refused_as_metadata(backend: Backend) {
        let server = Server::start(backend).await;
        let own = server.create_tenant("own", &["own.com"]).await;
        let other = server.create_tenant("other", &[]).await;
        let token = Metadata::bearer(&server.sign_up("ann@own.com").await.access_token);
        let with = |text: &str| token.clone().with("x-tenant-id", text);
        let simple = own.replace('-', "");
        for (case, metadata) in [
            ("two values", with(&own).with("x-tenant-id", &other)),
            ("two equal values", with(&own).with("x-tenant-id", &own)),
            ("list", with(&format!("{own},{other}"))),
            ("list of equals", with(&format!("{own}, {own}"))),
            ("slug", with("own")),
            ("empty", with("")),
            ("blank at the end", with(&format!("{own}x"))),
            ("braces", with(&format!("{{{own}}}"))),
            ("urn", with(&format!("urn:uuid:{own}"))),
            ("without hyphens", with(&simple)),
            ("non-ASCII", with("\u{e9}")),
        ] {
            let refused = call(&server, metadata).await;
            let status = assert_refused(refused, Code::InvalidArgument, "METADATA_INVALID");
            assert!(status.message().contains("x-tenant-id"), "{case}");
        }
        // The -bin variant is not a second way in.
        let mut request = tonic::Request::new(pb::WhoAmIRequest {});
        let value = tonic::metadata::MetadataValue::from_bytes(own.as_bytes());
        request.metadata_mut().insert_bin("x-tenant-id-bin", value);
        let refused = server.auth_as(token).who_am_i(request).await;
        assert_refused(refused, Code::InvalidArgument, "METADATA_INVALID");
    }

    // R-TEN-2, TI-04: the field of a message is compared as the header is.
    async fn a_field_that_names_another_tenant_is_refused(backend: Backend) {
        let server = Server::start(backend).await;
        let own = server.create_tenant("own", &["own.com"]).await;
        let other = server.create_tenant("other", &[]).await;
        let session = server.sign_up_as("ann@own.com", Role::Owner).await;
        let token = Metadata::bearer(&session.access_token);
        let list = async |metadata: Metadata, tenant_id: &str| {
            let request =
                ListUsersRequest { tenant_id: tenant_id.to_owned(), ..Default::default() };
            server.tenant_as(metadata).list_users(request).await
        };
        for tenant in [&other, &ghost()] {
            let refused = list(token.clone(), tenant).await;
            assert_refused(refused, Code::PermissionDenied, "TENANT_MISMATCH");
            // A right header does not excuse a wrong field.
            let refused = list(token.clone().with("x-tenant-id", &own), tenant).await;
            assert_refused(refused, Code::PermissionDenied, "TENANT_MISMATCH");
        }
        let malformed = list(token.clone(), "own").await;
        assert_refused(malformed, Code::InvalidArgument, "FIELD_INVALID");
        let page = list(token, &own.to_uppercase()).await.unwrap().into_inner();
        assert_eq!(page.profiles.len(), 1);
    }

    // TI-11: a platform key acts in the tenant that the message names, and in no other.
    async fn a_header_does_not_choose_an_operators_tenant(backend: Backend) {
        let server = Server::start(backend).await;
        let own = server.create_tenant("own", &["own.com"]).await;
        let other = server.create_tenant("other", &[]).await;
        let header = server.operator().with("x-tenant-id", &own);
        let refused = server.tenant_as(header.clone()).list_users(ListUsersRequest::default()).await;
        assert_refused(refused, Code::InvalidArgument, "TENANT_REQUIRED");
        let request = ListUsersRequest { tenant_id: other.clone(), ..Default::default() };
        let refused = server.tenant_as(header.clone()).list_users(request).await;
        assert_refused(refused, Code::PermissionDenied, "TENANT_MISMATCH");
        let request = GetTenantRequest { tenant_id: other };
        let refused = server.tenant_as(header.clone()).get_tenant(request).await;
        assert_refused(refused, Code::PermissionDenied, "TENANT_MISMATCH");
        let all = server.tenant_as(header).list_tenants(ListTenantsRequest::default()).await;
        assert_eq!(all.unwrap().into_inner().tenants.len(), 2);
    }
}
