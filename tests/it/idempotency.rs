//! A request that names itself takes effect once, whoever repeats it how often.

use crate::support::{
    Backend, Server, assert_refused, ghost,
    race::race,
    seen,
    server::{Metadata, operator_key},
    violated_fields,
};
use reeve::pb::{
    common::v1::Role,
    sync::v1::{CreateProfileRequest, CreateProfileResponse},
    tenant::v1::{CreateTenantRequest, CreateTenantResponse},
};
use tonic::{Code, Status};

type Made = Result<CreateTenantResponse, Status>;

async fn create_as(server: &Server, metadata: Metadata, request: &CreateTenantRequest) -> Made {
    let answer = server.tenant_as(metadata).create_tenant(request.clone()).await;
    answer.map(tonic::Response::into_inner)
}

async fn create(server: &Server, request: &CreateTenantRequest) -> Made {
    create_as(server, server.operator(), request).await
}

fn acme(request_id: &str) -> CreateTenantRequest {
    CreateTenantRequest {
        slug: "acme".to_owned(),
        domains: vec!["acme.org".to_owned(), "acme.com".to_owned()],
        request_id: request_id.to_owned(),
        ..Default::default()
    }
}

async fn profile(
    server: &Server,
    request: &CreateProfileRequest,
) -> Result<CreateProfileResponse, Status> {
    let answer = server.sync_as(server.operator()).create_profile(request.clone()).await;
    answer.map(tonic::Response::into_inner)
}

on_both! {
    async fn a_repeat_is_told_what_the_first_made(backend: Backend) {
        let server = Server::start(backend).await;
        let request = acme(&ghost());
        let first = create(&server, &request).await.unwrap();
        assert!(!first.replayed);
        let events = server.count("events").await;
        for _ in 0..2 {
            let again = create(&server, &request).await.unwrap();
            assert!(again.replayed);
            assert_eq!((&again.tenant, &again.domains), (&first.tenant, &first.domains));
        }
        let upper = CreateTenantRequest {
            request_id: request.request_id.to_uppercase(),
            ..request.clone()
        };
        assert!(create(&server, &upper).await.unwrap().replayed);
        assert_eq!((server.count("tenants").await, server.count("events").await), (1, events));

        // The answer is of now, not of then.
        let tenant = first.tenant.unwrap().id;
        server.execute("UPDATE tenants SET display_name = 'Renamed'").await;
        server.remove_domain(&tenant, &first.domains[0].id).await;
        server.add_domain(&tenant, "later.com", false).await;
        let again = create(&server, &request).await.unwrap();
        assert_eq!(again.tenant.unwrap().display_name, "Renamed");
        assert_eq!(again.domains, first.domains[1..]);
        server.execute("DELETE FROM tenant_domains; DELETE FROM tenants").await;
        assert_refused(create(&server, &request).await, Code::NotFound, "NOT_FOUND");
    }

    async fn without_a_name_nothing_is_kept(backend: Backend) {
        let server = Server::start(backend).await;
        create(&server, &acme("")).await.unwrap();
        assert_refused(create(&server, &acme("")).await, Code::AlreadyExists, "TENANT_SLUG_TAKEN");
        assert_eq!(server.count("idempotency").await, 0);
        for wrong in ["1", "not-a-uuid", &ghost().replace('-', "")] {
            let refused = create(&server, &acme(wrong)).await;
            let status = assert_refused(refused, Code::InvalidArgument, "FIELD_INVALID");
            assert_eq!(violated_fields(&status), ["request_id"]);
        }
    }

    async fn another_request_may_not_take_the_name(backend: Backend) {
        let server = Server::start(backend).await;
        let (id, tenant) = (ghost(), server.create_tenant("own", &["own.com"]).await);
        let request = acme(&id);
        create(&server, &request).await.unwrap();
        for other in [
            CreateTenantRequest { slug: "other".to_owned(), ..request.clone() },
            CreateTenantRequest { display_name: "Acme".to_owned(), ..request.clone() },
            CreateTenantRequest { domains: vec![], ..request.clone() },
        ] {
            let refused = create(&server, &other).await;
            assert_refused(refused, Code::InvalidArgument, "REQUEST_ID_REUSED");
        }
        // Nor another RPC of the same caller.
        let user_id = server.insert_user(&tenant, "ann@own.com").await;
        let other = CreateProfileRequest { user_id, request_id: id, ..Default::default() };
        let refused = profile(&server, &other).await;
        assert_refused(refused, Code::InvalidArgument, "REQUEST_ID_REUSED");
        assert_eq!(server.count("tenants").await, 2);
        assert!(create(&server, &request).await.unwrap().replayed);
    }

    async fn names_are_each_callers_own(backend: Backend) {
        let server = Server::start(backend).await;
        let another = Metadata::bearer(&operator_key(&server.app, &[]).await);
        let request = acme(&ghost());
        create(&server, &request).await.unwrap();
        let own = CreateTenantRequest { slug: "own".to_owned(), domains: vec![], ..request.clone() };
        assert!(!create_as(&server, another.clone(), &own).await.unwrap().replayed);
        let refused = create_as(&server, another, &request).await;
        assert_refused(refused, Code::InvalidArgument, "REQUEST_ID_REUSED");
        assert_eq!(server.count("idempotency").await, 2);
    }

    async fn a_name_is_free_again_after_a_day(backend: Backend) {
        let server = Server::start(backend).await;
        let request = acme(&ghost());
        create(&server, &request).await.unwrap();
        let shift = async |seconds: i64| {
            let past = server.shifted("expire_time", seconds);
            server.execute(&format!("UPDATE idempotency SET expire_time = {past}")).await;
        };
        shift(-24 * 3_600 + 60).await;
        assert!(create(&server, &request).await.unwrap().replayed);
        shift(-60).await;
        assert_refused(create(&server, &request).await, Code::AlreadyExists, "TENANT_SLUG_TAKEN");
        let other = CreateTenantRequest { slug: "b2".to_owned(), domains: vec![], ..request.clone() };
        assert!(!create(&server, &other).await.unwrap().replayed);
        assert!(create(&server, &other).await.unwrap().replayed);
        assert_eq!(server.count("idempotency").await, 1);
    }

    async fn a_refused_request_can_be_corrected(backend: Backend) {
        let server = Server::start(backend).await;
        server.create_tenant("other", &["acme.com"]).await;
        let request = acme(&ghost());
        assert_refused(create(&server, &request).await, Code::AlreadyExists, "DOMAIN_TAKEN");
        assert_eq!(server.count("idempotency").await, 0);
        let corrected = CreateTenantRequest { domains: vec!["acme.org".to_owned()], ..request };
        assert!(!create(&server, &corrected).await.unwrap().replayed);
        assert!(create(&server, &corrected).await.unwrap().replayed);
    }

    /// A try says what the real request would, before it and after, and leaves no trace.
    async fn trying_a_request_does_not_use_its_name_up(backend: Backend) {
        let server = Server::start(backend).await;
        let request = acme(&ghost());
        let tried = CreateTenantRequest { validate_only: true, ..request.clone() };
        assert!(!create(&server, &tried).await.unwrap().replayed);
        assert!(!create(&server, &tried).await.unwrap().replayed);
        assert_eq!((server.count("idempotency").await, server.count("tenants").await), (0, 0));
        let made = create(&server, &request).await.unwrap();
        assert!(!made.replayed);
        let again = create(&server, &tried).await.unwrap();
        assert_eq!((again.replayed, again.tenant), (true, made.tenant));
        let other = CreateTenantRequest { slug: "b2".to_owned(), ..tried };
        let refused = create(&server, &other).await;
        assert_refused(refused, Code::InvalidArgument, "REQUEST_ID_REUSED");
    }

    /// The first waits for a lock, the others for the first: one effect, and 15 repeats.
    async fn repeats_at_once_wait_for_the_first(backend: Backend) {
        let server = Server::start(backend).await;
        let request = acme(&ghost());
        let calls = (0..16).map(|_| {
            let (mut client, request) = (server.tenant_as(server.operator()), request.clone());
            async move { client.create_tenant(request).await.map(tonic::Response::into_inner) }
        });
        let lock = "SELECT 1 FROM event_head FOR UPDATE";
        let answers: Vec<Made> = race(&server, lock, calls.collect()).await;
        let answers: Vec<CreateTenantResponse> = answers.into_iter().map(Result::unwrap).collect();
        assert_eq!(answers.iter().filter(|answer| answer.replayed).count(), 15);
        let first = answers.iter().find(|answer| !answer.replayed).unwrap();
        assert!(answers.iter().all(|answer| answer.tenant == first.tenant));
        assert!(answers.iter().all(|answer| answer.domains == first.domains));
        assert_eq!(server.count("tenants").await, 1);
        assert_eq!(server.count("events WHERE kind = 'tenant.created'").await, 1);
    }

    async fn a_role_that_changed_since_is_left_alone(backend: Backend) {
        let server = Server::start(backend).await;
        let tenant = server.create_tenant("acme", &["acme.com"]).await;
        let user_id = server.insert_user(&tenant, "ann@acme.com").await;
        let request = CreateProfileRequest {
            user_id: user_id.clone(),
            role: Role::Admin.into(),
            request_id: ghost(),
            ..Default::default()
        };
        let tried = CreateProfileRequest { validate_only: true, ..request.clone() };
        let tried = profile(&server, &tried).await.unwrap();
        assert_eq!((tried.replayed, tried.profile.unwrap().role()), (false, Role::Admin));
        assert_eq!(server.count("user_profiles WHERE role = 'admin'").await, 0);
        assert!(!profile(&server, &request).await.unwrap().replayed);
        server.set_role(&user_id, &tenant, Role::Member).await;
        let again = profile(&server, &request).await.unwrap();
        assert_eq!((again.replayed, again.created), (true, false));
        assert_eq!(again.profile.unwrap().role(), Role::Member);
        assert_eq!(server.count("user_profiles WHERE role = 'admin'").await, 0);

        server.drop_fences().await;
        server.delete_profiles(std::slice::from_ref(&user_id)).await;
        let gone = assert_refused(profile(&server, &request).await, Code::NotFound, "NOT_FOUND");
        let ghost = CreateProfileRequest { user_id: ghost(), ..Default::default() };
        assert_eq!(seen(&gone).0, seen(&profile(&server, &ghost).await.unwrap_err()).0);
    }
}
