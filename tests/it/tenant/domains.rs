//! `AddDomain`, `ListDomains` and `RemoveDomain`.

use crate::support::{Backend, Server, assert_refused, ghost, seen, server::Metadata};
use reeve::pb::{
    common::v1::{Domain, DomainState, Role},
    tenant::v1 as pb,
};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

fn claim(tenant: &str, domain: &str) -> pb::AddDomainRequest {
    pb::AddDomainRequest {
        tenant_id: tenant.to_owned(),
        domain: domain.to_owned(),
        ..Default::default()
    }
}

async fn add(server: &Server, request: pb::AddDomainRequest) -> Result<Domain, Status> {
    let answer = server.tenant_as(server.operator()).add_domain(request).await?;
    Ok(answer.into_inner().domain.unwrap())
}

async fn remove(server: &Server, metadata: Metadata, tenant: &str, id: &str) -> Result<(), Status> {
    let request =
        pb::RemoveDomainRequest { domain_id: id.to_owned(), tenant_id: tenant.to_owned() };
    server.tenant_as(metadata).remove_domain(request).await.map(drop)
}

async fn list(server: &Server, metadata: Metadata, tenant: &str) -> Result<Vec<Domain>, Status> {
    let request = pb::ListDomainsRequest { tenant_id: tenant.to_owned(), ..Default::default() };
    Ok(server.tenant_as(metadata).list_domains(request).await?.into_inner().domains)
}

on_both! {
    // SU-09, SU-46, R-DOM-2, G-28: each refusal says which rule it was.
    async fn unfit_domains_are_refused_with_a_reason(backend: Backend) {
        let server = Server::start(backend).await;
        let acme = server.create_tenant("acme", &[]).await;
        let long = format!("{}.com", "a".repeat(64));
        for (domain, why) in [
            ("company", "DOMAIN_BARE_LABEL"),
            ("localhost", "DOMAIN_BARE_LABEL"),
            ("mail.localhost", "DOMAIN_SPECIAL_USE"),
            ("printer.local", "DOMAIN_SPECIAL_USE"),
            ("gmail.com", "DOMAIN_CONSUMER_MAIL"),
            ("Mail.GMAIL.com", "DOMAIN_CONSUMER_MAIL"),
            ("co.uk", "DOMAIN_PUBLIC_SUFFIX"),
            ("github.io", "DOMAIN_PUBLIC_SUFFIX"),
            ("127.0.0.1", "DOMAIN_IS_ADDRESS"),
            ("[::1]", "DOMAIN_IS_ADDRESS"),
            ("acme.com.", "DOMAIN_TRAILING_DOT"),
            ("acme..com", "DOMAIN_MALFORMED"),
            ("*.acme.com", "DOMAIN_MALFORMED"),
            ("ann@acme.com", "DOMAIN_MALFORMED"),
            ("acme.com/x", "DOMAIN_MALFORMED"),
            ("acme.com\n", "DOMAIN_MALFORMED"),
            ("acme.com\0", "DOMAIN_MALFORMED"),
            (&long, "DOMAIN_MALFORMED"),
            ("xn--acme-.com", "DOMAIN_MALFORMED"),
            ("xn--example-.org", "DOMAIN_MALFORMED"),
            ("xn--999999999.com", "DOMAIN_IDNA_INVALID"),
            ("ab--cd.com", "DOMAIN_IDNA_INVALID"),
            ("\u{ff41}cme.com", "DOMAIN_NOT_ASCII"),
            ("b\u{fc}cher.example", "DOMAIN_NOT_ASCII"),
        ] {
            let refused = add(&server, claim(&acme, domain)).await;
            let status = assert_refused(refused, Code::InvalidArgument, "DOMAIN_REFUSED");
            let bad = status.get_details_bad_request().unwrap().field_violations;
            assert_eq!((bad[0].field.as_str(), bad[0].reason.as_str()), ("domain", why), "{domain}");
        }
        assert_eq!(server.count("tenant_domains").await, 0);
        let found = add(&server, claim(&acme, "XN--Bcher-KVA.example")).await.unwrap();
        assert_eq!((&*found.domain, found.state()), ("xn--bcher-kva.example", DomainState::Verified));
    }

    // SU-47, TI-08, R-DOM-2
    async fn a_domain_has_one_tenant(backend: Backend) {
        let server = Server::start(backend).await;
        let acme = server.create_tenant("acme", &[]).await;
        let other = server.create_tenant("other", &[]).await;
        let first = add(&server, claim(&acme, "acme.com")).await.unwrap();
        // A repeat answers what is there.
        assert_eq!(add(&server, claim(&acme, "ACME.com")).await.unwrap(), first);
        assert_eq!(server.count("events WHERE kind = 'domain.added'").await, 1);
        let wider = pb::AddDomainRequest { include_subdomains: true, ..claim(&acme, "acme.com") };
        let mut answers = Vec::new();
        for request in [wider, claim(&other, "acme.com"), claim(&other, "Acme.COM")] {
            let refused = add(&server, request).await;
            answers.push(seen(&assert_refused(refused, Code::AlreadyExists, "DOMAIN_TAKEN")));
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]));
        add(&server, claim(&other, "mail.acme.com")).await.unwrap();
        assert_eq!(server.count("tenant_domains").await, 2);
    }

    async fn validate_only_checks_and_writes_nothing(backend: Backend) {
        let server = Server::start(backend).await;
        let acme = server.create_tenant("acme", &["acme.com"]).await;
        let other = server.create_tenant("other", &[]).await;
        let check = |tenant: &str, domain: &str| pb::AddDomainRequest {
            validate_only: true,
            ..claim(tenant, domain)
        };
        assert_eq!(add(&server, check(&acme, "new.org")).await.unwrap().domain, "new.org");
        let taken = add(&server, check(&other, "acme.com")).await;
        assert_refused(taken, Code::AlreadyExists, "DOMAIN_TAKEN");
        let absent = add(&server, check(&ghost(), "new.org")).await;
        assert_refused(absent, Code::NotFound, "NOT_FOUND");
        assert_eq!(server.count("tenant_domains").await, 1);
        assert_eq!(server.count("events WHERE kind = 'domain.added'").await, 1);
    }

    async fn operators_name_an_existing_tenant(backend: Backend) {
        let server = Server::start(backend).await;
        let operator = || server.operator();
        let required = add(&server, claim("", "acme.com")).await;
        assert_refused(required, Code::InvalidArgument, "TENANT_REQUIRED");
        let required = list(&server, operator(), "").await;
        assert_refused(required, Code::InvalidArgument, "TENANT_REQUIRED");
        let required = remove(&server, operator(), "", &ghost()).await;
        assert_refused(required, Code::InvalidArgument, "TENANT_REQUIRED");
        let absent = add(&server, claim(&ghost(), "acme.com")).await;
        assert_refused(absent, Code::NotFound, "NOT_FOUND");
        assert_refused(list(&server, operator(), &ghost()).await, Code::NotFound, "NOT_FOUND");
    }

    // R-TEN-3, G-18: removal is for the owner of the tenant's own domains.
    async fn a_domain_is_removed_by_its_owner_alone(backend: Backend) {
        let server = Server::start(backend).await;
        let own = server.create_tenant("own", &["own.com"]).await;
        let other = server.create_tenant("other", &["other.com"]).await;
        let domain = list(&server, server.operator(), &own).await.unwrap().remove(0).id;
        let foreign = list(&server, server.operator(), &other).await.unwrap().remove(0).id;
        let mut session = server.sign_up("ann@own.com").await;
        for role in [Role::Member, Role::Admin] {
            session = server.with_role(&session, role).await;
            let token = Metadata::bearer(&session.access_token);
            let denied = remove(&server, token, "", &domain).await;
            assert_refused(denied, Code::PermissionDenied, "PERMISSION_DENIED");
        }
        let session = server.with_role(&session, Role::Owner).await;
        let token = Metadata::bearer(&session.access_token);
        let hidden = remove(&server, token.clone(), "", &foreign).await;
        let hidden = assert_refused(hidden, Code::NotFound, "NOT_FOUND");
        let absent = remove(&server, token.clone(), "", &ghost()).await.unwrap_err();
        assert_eq!(seen(&hidden), seen(&absent));
        // Nor can an operator who names the wrong tenant.
        let hidden = remove(&server, server.operator(), &own, &foreign).await;
        assert_refused(hidden, Code::NotFound, "NOT_FOUND");
        assert_eq!(server.count("tenant_domains").await, 2);

        remove(&server, token.clone(), "", &domain).await.unwrap();
        let again = remove(&server, token.clone(), "", &domain).await.unwrap_err();
        assert_eq!(seen(&again), seen(&absent));
        assert_eq!(server.count("events WHERE kind = 'domain.removed'").await, 1);
        // R-DOM-4: enrolment stops, members stay.
        assert!(server.try_start("bob@own.com").await.is_err());
        server.who_am_i(&session.access_token).await.unwrap();
        let malformed = remove(&server, token, "", "own.com").await;
        assert_refused(malformed, Code::InvalidArgument, "FIELD_INVALID");
    }

    // TI-06: admins see their own tenant's domains, members none, nobody foreign ones.
    async fn domains_are_listed_for_admins_of_the_tenant(backend: Backend) {
        let server = Server::start(backend).await;
        let own = server.create_tenant("own", &["own.com", "own.org"]).await;
        let other = server.create_tenant("other", &["other.com"]).await;
        let session = server.sign_up("ann@own.com").await;
        let token = Metadata::bearer(&session.access_token);
        let denied = list(&server, token.clone(), "").await;
        assert_refused(denied, Code::PermissionDenied, "PERMISSION_DENIED");
        let session = server.with_role(&session, Role::Admin).await;
        let token = Metadata::bearer(&session.access_token);
        let found = list(&server, token.clone(), "").await.unwrap();
        assert_eq!(found, list(&server, server.operator(), &own).await.unwrap());
        assert_eq!(found.len(), 2);
        assert!(found.iter().all(|domain| domain.tenant_id == own));
        let foreign = list(&server, token.clone(), &other).await;
        assert_refused(foreign, Code::PermissionDenied, "TENANT_MISMATCH");
        let denied = server.tenant_as(token).add_domain(claim("", "new.org")).await;
        assert_refused(denied, Code::PermissionDenied, "PERMISSION_DENIED");
    }
}
