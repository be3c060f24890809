//! `GetUser`: of the own tenant, and as much as the caller's role may see.

use crate::support::{Backend, Server, assert_refused, ghost, seen, server::Metadata};
use reeve::pb::{
    common::v1::{Profile, Role},
    tenant::v1::{GetUserRequest, GetUserResponse},
};
use tonic::{Code, Status};

async fn get(
    server: &Server,
    metadata: Metadata,
    user: &str,
    tenant: &str,
) -> Result<GetUserResponse, Status> {
    let request = GetUserRequest { user_id: user.to_owned(), tenant_id: tenant.to_owned() };
    Ok(server.tenant_as(metadata).get_user(request).await?.into_inner())
}

on_both! {
    // TI-02, R-TEN-3: another tenant's user is as one that does not exist, to the byte.
    async fn a_foreign_user_does_not_exist(backend: Backend) {
        let server = Server::start(backend).await;
        let own = server.create_tenant("own", &["own.com"]).await;
        let other = server.create_tenant("other", &["other.com"]).await;
        let admin = server.sign_up_as("adm@own.com", Role::Admin).await;
        let token = Metadata::bearer(&admin.access_token);
        let foreign = server.sign_up("bob@other.com").await.user.unwrap().id;
        let hidden = get(&server, token.clone(), &foreign, "").await;
        let hidden = seen(&assert_refused(hidden, Code::NotFound, "NOT_FOUND"));
        let other_own = server.sign_up("cyd@own.com").await.user.unwrap().id;
        for absent in [
            get(&server, token.clone(), &ghost(), "").await,
            get(&server, token.clone(), &foreign, &own).await,
            get(&server, token.clone(), &own, "").await,
            // The operator's scope is as narrow as the tenant that it names.
            get(&server, server.operator(), &foreign, &own).await,
            get(&server, server.operator(), &other_own, &other).await,
            get(&server, server.operator(), &foreign, &ghost()).await,
        ] {
            assert_eq!(seen(&absent.unwrap_err()), hidden);
        }
        let refused = get(&server, token.clone(), &foreign, &other).await;
        assert_refused(refused, Code::PermissionDenied, "TENANT_MISMATCH");
        let refused = get(&server, server.operator(), &foreign, "").await;
        assert_refused(refused, Code::InvalidArgument, "TENANT_REQUIRED");
        for malformed in ["", "ann", &foreign.replace('-', "")] {
            let refused = get(&server, token.clone(), malformed, "").await;
            assert_refused(refused, Code::InvalidArgument, "FIELD_INVALID");
        }
        let found = get(&server, server.operator(), &foreign, &other).await.unwrap();
        assert_eq!(found.user.unwrap().email, "bob@other.com");
    }

    // TI-05: a shared user is seen with the profile of the caller's tenant alone.
    async fn a_shared_user_is_seen_in_the_callers_tenant(backend: Backend) {
        let server = Server::start(backend).await;
        let own = server.create_tenant("own", &["own.com"]).await;
        let other = server.create_tenant("other", &["other.com"]).await;
        let admin = server.sign_up_as("adm@own.com", Role::Admin).await;
        let shared = server.sign_up("bob@other.com").await;
        let user = shared.user.clone().unwrap().id;
        server.set_role(&user, &own, Role::Admin).await;
        let token = Metadata::bearer(&admin.access_token);
        let found = get(&server, token, &user, "").await.unwrap().profile.unwrap();
        assert_eq!((&found.tenant_id, found.role()), (&own, Role::Admin));
        // Their own token stays one of the other tenant, where they are a member.
        let theirs = Metadata::bearer(&shared.access_token);
        let admin = admin.user.unwrap().id;
        let hidden = get(&server, theirs.clone(), &admin, "").await;
        assert_refused(hidden, Code::NotFound, "NOT_FOUND");
        let me = get(&server, theirs, &user, "").await.unwrap().profile.unwrap();
        assert_eq!((&me.tenant_id, me.role()), (&other, Role::Member));
    }

    // Members see names and roles of the others, and themselves whole.
    async fn a_member_sees_others_by_name(backend: Backend) {
        let server = Server::start(backend).await;
        let acme = server.create_tenant("acme", &["acme.com"]).await;
        let ann = server.sign_up("ann@acme.com").await;
        let bob = server.sign_up("bob@acme.com").await;
        let token = Metadata::bearer(&ann.access_token);
        let own = ann.user.clone().unwrap();
        let me = get(&server, token.clone(), &own.id, "").await.unwrap();
        assert_eq!((me.user, me.profile), (ann.user.clone(), ann.profile.clone()));
        let other = bob.user.clone().unwrap().id;
        let redacted = Profile {
            user_id: other.clone(),
            tenant_id: acme.clone(),
            display_name: "Test Person".to_owned(),
            role: Role::Member.into(),
            ..Default::default()
        };
        let found = get(&server, token.clone(), &other, "").await.unwrap();
        assert_eq!((found.user, found.profile), (None, Some(redacted)));
        // R-TEN-6: with the role, at once.
        let ann = server.with_role(&ann, Role::Admin).await;
        let token = Metadata::bearer(&ann.access_token);
        let found = get(&server, token, &other, "").await.unwrap();
        assert_eq!((found.user, found.profile), (bob.user, bob.profile));
        let ann = server.with_role(&ann, Role::Member).await;
        let token = Metadata::bearer(&ann.access_token);
        assert_eq!(get(&server, token, &other, "").await.unwrap().user, None);
    }
}
