//! `CreateTenant` and `GetTenant`.

use crate::support::{
    Backend, Server, assert_refused, ghost, reason, seen, server::Metadata, violated_fields,
};
use reeve::pb::{
    common::v1::{DomainState, Enrollment, Role, Tenant, TenantState},
    tenant::v1 as pb,
};
use tonic::{Code, Status};

async fn create(
    server: &Server,
    request: pb::CreateTenantRequest,
) -> Result<pb::CreateTenantResponse, Status> {
    Ok(server.tenant_as(server.operator()).create_tenant(request).await?.into_inner())
}

async fn get(server: &Server, metadata: Metadata, id: &str) -> Result<Tenant, Status> {
    let request = pb::GetTenantRequest { tenant_id: id.to_owned() };
    Ok(server.tenant_as(metadata).get_tenant(request).await?.into_inner().tenant.unwrap())
}

fn named(slug: &str) -> pb::CreateTenantRequest {
    pb::CreateTenantRequest { slug: slug.to_owned(), ..Default::default() }
}

async fn nothing_was_made(server: &Server) {
    for table in ["tenants", "tenant_domains", "events WHERE tenant_id IS NOT NULL"] {
        assert_eq!(server.count(table).await, 0, "{table}");
    }
}

on_both! {
    async fn a_tenant_is_made_with_its_domains(backend: Backend) {
        let server = Server::start(backend).await;
        let domains = ["Acme.com", "acme.org", "acme.COM"].map(str::to_owned).to_vec();
        let request = pb::CreateTenantRequest {
            display_name: "Acme, Inc.".to_owned(),
            home_url: "https://acme.example/start".to_owned(),
            enrollment: Enrollment::InviteOnly.into(),
            seat_limit: Some(7),
            domains,
            ..named("acme")
        };
        let made = create(&server, request).await.unwrap();
        let tenant = made.tenant.unwrap();
        assert_eq!(tenant.state(), TenantState::Active);
        assert_eq!(tenant.enrollment(), Enrollment::InviteOnly);
        assert_eq!(tenant.default_role(), Role::Member);
        assert_eq!((tenant.seat_limit, tenant.display_name.as_str()), (Some(7), "Acme, Inc."));
        let names: Vec<_> = made.domains.iter().map(|domain| domain.domain.as_str()).collect();
        assert_eq!(names, ["acme.com", "acme.org"]);
        for domain in &made.domains {
            assert_eq!(domain.state(), DomainState::Verified);
            assert_eq!((&domain.tenant_id, domain.include_subdomains), (&tenant.id, false));
        }
        assert_eq!(get(&server, server.operator(), &tenant.id).await.unwrap(), tenant);
        assert_eq!(server.count("events WHERE kind = 'tenant.created'").await, 1);
        assert_eq!(server.count("events WHERE kind = 'domain.added'").await, 2);

        let plain = create(&server, named("plain")).await.unwrap().tenant.unwrap();
        assert_eq!(plain.enrollment(), Enrollment::Domain);
        assert_eq!((plain.seat_limit, plain.display_name.as_str()), (None, "plain"));
    }

    async fn validate_only_checks_and_writes_nothing(backend: Backend) {
        let server = Server::start(backend).await;
        let request = pb::CreateTenantRequest {
            domains: vec!["acme.com".to_owned()],
            validate_only: true,
            ..named("acme")
        };
        let answer = create(&server, request.clone()).await.unwrap();
        assert_eq!(answer.tenant.unwrap().slug, "acme");
        assert_eq!(answer.domains.len(), 1);
        nothing_was_made(&server).await;

        let made = pb::CreateTenantRequest { validate_only: false, ..request.clone() };
        create(&server, made).await.unwrap();
        let taken = create(&server, request.clone()).await;
        assert_refused(taken, Code::AlreadyExists, "TENANT_SLUG_TAKEN");
        let taken = create(&server, pb::CreateTenantRequest { slug: "b2".to_owned(), ..request }).await;
        assert_refused(taken, Code::AlreadyExists, "DOMAIN_TAKEN");
    }

    // SU-47: all or nothing.
    async fn a_taken_slug_or_domain_leaves_nothing_behind(backend: Backend) {
        let server = Server::start(backend).await;
        server.create_tenant("acme", &["acme.com"]).await;
        let taken = create(&server, named("acme")).await;
        assert_refused(taken, Code::AlreadyExists, "TENANT_SLUG_TAKEN");
        let domains = vec!["new.org".to_owned(), "ACME.com".to_owned()];
        let taken = create(&server, pb::CreateTenantRequest { domains, ..named("other") }).await;
        assert_refused(taken, Code::AlreadyExists, "DOMAIN_TAKEN");
        assert_eq!(server.count("tenants").await, 1);
        assert_eq!(server.count("tenant_domains").await, 1);
    }

    // R-TEN-7, S1: every field has its own rule.
    async fn wrong_fields_are_refused(backend: Backend) {
        let server = Server::start(backend).await;
        let many = (0..101).map(|number| format!("d{number}.example.com")).collect();
        let plain = || named("acme");
        for (field, request) in [
            ("slug", named("")),
            ("slug", named("a")),
            ("slug", named("Acme")),
            ("slug", named("-acme")),
            ("slug", named("ac me")),
            ("slug", named(&"a".repeat(41))),
            ("display_name", pb::CreateTenantRequest { display_name: "a\u{202e}b".into(), ..plain() }),
            ("display_name", pb::CreateTenantRequest { display_name: "a\0b".into(), ..plain() }),
            ("display_name", pb::CreateTenantRequest { display_name: "a".repeat(101), ..plain() }),
            ("home_url", pb::CreateTenantRequest { home_url: "javascript:alert(1)".into(), ..plain() }),
            ("home_url", pb::CreateTenantRequest { home_url: "https://a:b@acme.com".into(), ..plain() }),
            ("home_url", pb::CreateTenantRequest { home_url: "acme.com".into(), ..plain() }),
            ("enrollment", pb::CreateTenantRequest { enrollment: 99, ..plain() }),
            ("enrollment", pb::CreateTenantRequest { enrollment: -1, ..plain() }),
            ("seat_limit", pb::CreateTenantRequest { seat_limit: Some(0), ..plain() }),
            ("seat_limit", pb::CreateTenantRequest { seat_limit: Some(u32::MAX), ..plain() }),
            ("domains", pb::CreateTenantRequest { domains: many, ..plain() }),
        ] {
            let status = create(&server, request).await.expect_err(field);
            assert_eq!((status.code(), reason(&status).as_str()), (Code::InvalidArgument, "FIELD_INVALID"));
            assert_eq!(violated_fields(&status), [field]);
        }
        // SU-09, SU-46
        for domain in ["company", "gmail.com", "co.uk", "github.io", "127.0.0.1", "a.localhost"] {
            let domains = vec![domain.to_owned()];
            let refused = create(&server, pb::CreateTenantRequest { domains, ..plain() }).await;
            assert_refused(refused, Code::InvalidArgument, "DOMAIN_REFUSED");
        }
        nothing_was_made(&server).await;
    }

    async fn only_operators_make_tenants(backend: Backend) {
        let server = Server::start(backend).await;
        server.create_tenant("acme", &["acme.com"]).await;
        let session = server.sign_up_as("ann@acme.com", Role::Owner).await;
        let mut client = server.tenant_as(Metadata::bearer(&session.access_token));
        let refused = client.create_tenant(named("mine")).await;
        assert_refused(refused, Code::PermissionDenied, "PERMISSION_DENIED");
        // Nor is the message looked at before.
        let refused = client.create_tenant(named("")).await;
        assert_refused(refused, Code::PermissionDenied, "PERMISSION_DENIED");
        assert_eq!(server.count("tenants").await, 1);
    }

    // R-TEN-3, TI-02: another tenant is as one that does not exist, to the byte.
    async fn a_foreign_tenant_does_not_exist(backend: Backend) {
        let server = Server::start(backend).await;
        let own = server.create_tenant("own", &["own.com"]).await;
        let other = server.create_tenant("other", &["other.com"]).await;
        let owner = server.sign_up_as("ann@own.com", Role::Owner).await;
        let token = Metadata::bearer(&owner.access_token);
        assert_eq!(get(&server, token.clone(), &own).await.unwrap().slug, "own");
        let foreign = get(&server, token.clone(), &other).await;
        let foreign = assert_refused(foreign, Code::NotFound, "NOT_FOUND");
        for absent in [
            get(&server, token.clone(), &ghost()).await,
            get(&server, server.operator(), &ghost()).await,
        ] {
            assert_eq!(seen(&foreign), seen(&absent.unwrap_err()));
        }
        for malformed in ["", "own", &own.replace('-', "")] {
            let refused = get(&server, token.clone(), malformed).await;
            assert_refused(refused, Code::InvalidArgument, "FIELD_INVALID");
        }
    }
}
