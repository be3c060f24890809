//! `ExplainPlacement`: the rules that a sign-up follows, told in their order.

use crate::support::{Backend, Server, assert_refused, seen, server::Metadata, violated_fields};
use reeve::pb::{
    common::v1::Role,
    tenant::v1::{
        ExplainPlacementRequest, ExplainPlacementResponse,
        PlacementRuleKind::{
            self, AddressValid, Departure, DomainExact, DomainParent, Enrollment, ExistingAccount,
            TenantState,
        },
    },
};
use tonic::{Code, Status};

async fn explain(
    server: &Server,
    metadata: Metadata,
    email: &str,
    tenant: &str,
) -> Result<ExplainPlacementResponse, Status> {
    let request = ExplainPlacementRequest { email: email.to_owned(), tenant_id: tenant.to_owned() };
    Ok(server.tenant_as(metadata).explain_placement(request).await?.into_inner())
}

fn rules(report: &ExplainPlacementResponse) -> Vec<(PlacementRuleKind, bool)> {
    assert!(report.rules.iter().all(|rule| !rule.explanation.is_empty()));
    report.rules.iter().map(|rule| (rule.rule(), rule.matched)).collect()
}

on_both! {
    async fn the_rules_are_told_in_their_order(backend: Backend) {
        let server = Server::start(backend).await;
        let acme = server.create_tenant("acme", &["acme.com"]).await;
        let group = server.create_tenant("group", &[]).await;
        server.add_domain(&group, "group.net", true).await;
        let start = [(AddressValid, true), (ExistingAccount, false)];
        let open = [(TenantState, true), (Enrollment, true), (Departure, false)];
        for (email, by, tenant) in [
            ("Ann@ACME.com", vec![(DomainExact, true)], &acme),
            ("ann@a.group.net", vec![(DomainExact, false), (DomainParent, true)], &group),
        ] {
            let report = explain(&server, server.operator(), email, "").await.unwrap();
            assert_eq!(rules(&report), [&start, by.as_slice(), &open].concat(), "{email}");
            assert_eq!(report.tenant.unwrap().id, *tenant);
            let matched = report.rules.iter().find(|rule| !rule.domain.is_empty()).unwrap();
            assert_eq!(matched.tenant_id, *tenant);
            assert_eq!(report.remedy, "");
            // It tells what happens.
            assert_eq!(server.sign_up(email).await.tenant.unwrap().id, *tenant);
        }
        for email in ["ann@mail.acme.com", "ann@else.org"] {
            let report = explain(&server, server.operator(), email, "").await.unwrap();
            let none = [(DomainExact, false), (DomainParent, false)];
            assert_eq!(rules(&report), [start, none].concat(), "{email}");
            assert!(report.tenant.is_none() && !report.remedy.is_empty());
            assert!(server.try_start(email).await.is_err());
        }
    }

    async fn what_is_no_address_is_the_first_rule(backend: Backend) {
        let server = Server::start(backend).await;
        server.create_tenant("acme", &["acme.com"]).await;
        for email in ["", "ann", "ann@acme", "Ann <ann@acme.com>", "ann\0@acme.com"] {
            let report = explain(&server, server.operator(), email, "").await.unwrap();
            assert_eq!(rules(&report), [(AddressValid, false)], "{email}");
            assert!(report.tenant.is_none() && !report.remedy.is_empty());
        }
    }

    async fn a_known_address_stays_at_home(backend: Backend) {
        let server = Server::start(backend).await;
        let acme = server.create_tenant("acme", &[]).await;
        let domain = server.add_domain(&acme, "acme.com", false).await;
        server.sign_up("ann@acme.com").await;
        server.remove_domain(&acme, &domain).await;
        let report = explain(&server, server.operator(), "ANN@acme.com", "").await.unwrap();
        assert_eq!(rules(&report), [(AddressValid, true), (ExistingAccount, true)]);
        assert_eq!(report.tenant.unwrap().id, acme);
    }

    async fn a_closed_tenant_is_told_with_its_remedy(backend: Backend) {
        let server = Server::start(backend).await;
        server.create_tenant("acme", &["acme.com"]).await;
        let either = "Set the tenant's enrolment to domain, or invite the person.";
        for (change, state, enrollment, remedy) in [
            ("state = 'suspended'", false, true, "Reactivate the tenant."),
            ("state = 'active', enrollment = 'invite_only'", true, false, either),
            ("enrollment = 'closed'", true, false, "Set the tenant's enrolment to domain."),
            ("enrollment = 'domain'", true, true, ""),
        ] {
            server.execute(&format!("UPDATE tenants SET {change}")).await;
            let report = explain(&server, server.operator(), "ann@acme.com", "").await.unwrap();
            let last = [(TenantState, state), (Enrollment, enrollment), (Departure, false)];
            assert_eq!(rules(&report)[3..], last, "{change}");
            let placed = state && enrollment;
            assert_eq!((report.tenant.is_some(), report.remedy.as_str()), (placed, remedy));
            assert_eq!(server.try_start("ann@acme.com").await.is_ok(), placed);
        }
    }

    // TI-13, R-TEN-3: an admin learns nothing about addresses of other tenants' domains.
    async fn an_admin_asks_about_the_own_domains_alone(backend: Backend) {
        let server = Server::start(backend).await;
        let own = server.create_tenant("own", &["own.com"]).await;
        let other = server.create_tenant("other", &["other.com"]).await;
        server.sign_up("known@other.com").await;
        let session = server.sign_up("adm@own.com").await;
        let token = Metadata::bearer(&session.access_token);
        let denied = explain(&server, token.clone(), "new@own.com", "").await;
        assert_refused(denied, Code::PermissionDenied, "PERMISSION_DENIED");
        let session = server.with_role(&session, Role::Admin).await;
        let token = Metadata::bearer(&session.access_token);

        let report = explain(&server, token.clone(), "new@own.com", "").await.unwrap();
        assert_eq!(report.tenant.unwrap().id, own);
        let report = explain(&server, token.clone(), "adm@own.com", &own).await.unwrap();
        assert_eq!(rules(&report)[1], (ExistingAccount, true));
        let mut answers = Vec::new();
        for email in ["known@other.com", "new@other.com", "ann@nobody.org", "ann@mail.own.com"] {
            let denied = explain(&server, token.clone(), email, "").await;
            let status = assert_refused(denied, Code::PermissionDenied, "PERMISSION_DENIED");
            answers.push(seen(&status));
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]));
        let invalid = explain(&server, token.clone(), "adm", "").await;
        let status = assert_refused(invalid, Code::InvalidArgument, "FIELD_INVALID");
        assert_eq!(violated_fields(&status), ["email"]);
        let foreign = explain(&server, token, "new@own.com", &other).await;
        assert_refused(foreign, Code::PermissionDenied, "TENANT_MISMATCH");
        // The operator's tenant is a scope, too.
        let denied = explain(&server, server.operator(), "new@other.com", &own).await;
        assert_refused(denied, Code::PermissionDenied, "PERMISSION_DENIED");
    }

    // A departure is told to the operator and to the tenant's own admins, with its remedy.
    async fn a_departure_is_told_with_its_remedy(backend: Backend) {
        let server = Server::start(backend).await;
        let acme = server.create_tenant("acme", &["acme.com"]).await;
        let other = server.create_tenant("other", &["other.com"]).await;
        let admin = server.sign_up_as("adm@acme.com", Role::Admin).await;
        let stranger = server.sign_up_as("adm@other.com", Role::Admin).await;
        let admin = Metadata::bearer(&admin.access_token);
        server.seed_departure(&acme, "ann@acme.com").await;
        server.seed_departure(&other, "bob@acme.com").await;
        for caller in [server.operator(), admin.clone()] {
            let report = explain(&server, caller.clone(), "ANN@acme.com", "").await.unwrap();
            let last = [(TenantState, true), (Enrollment, true), (Departure, true)];
            assert_eq!(rules(&report)[3..], last);
            assert_eq!((report.tenant, report.remedy.as_str()), (None, "Invite the person."));
            // Another tenant's departure does not count.
            let report = explain(&server, caller, "bob@acme.com", "").await.unwrap();
            assert_eq!(rules(&report)[5], (Departure, false));
            assert_eq!(report.tenant.unwrap().id, acme);
        }
        assert!(server.try_start("ann@acme.com").await.is_err());
        server.try_start("bob@acme.com").await.unwrap();
        let stranger = Metadata::bearer(&stranger.access_token);
        let denied = explain(&server, stranger, "ann@acme.com", "").await;
        assert_refused(denied, Code::PermissionDenied, "PERMISSION_DENIED");
        // A suspended tenant is the first thing to mend.
        let id = server.literal(&acme);
        server.execute(&format!("UPDATE tenants SET state = 'suspended' WHERE id = {id}")).await;
        let report = explain(&server, server.operator(), "ann@acme.com", "").await.unwrap();
        assert_eq!(rules(&report)[3], (TenantState, false));
        assert_eq!((report.tenant, report.remedy.as_str()), (None, "Reactivate the tenant."));
    }
}
