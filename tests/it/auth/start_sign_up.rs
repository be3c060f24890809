//! `StartSignUp`: which addresses are addresses, where they are placed, and what is mailed.

use crate::support::{
    Backend, Server, assert_refused, reason, seen,
    server::{Metadata, PASSWORD},
    violated_fields,
};
use reeve::pb::tenant::v1::CreateTenantRequest;
use tonic::Code;

/// What is no address, by the name of its case.
fn refused_addresses() -> Vec<(&'static str, String)> {
    let long_label = "a".repeat(63);
    let texts: &[(&str, &str)] = &[
        ("SU-11 trailing dot", "ann@acme.com."),
        ("SU-12 two @", "ann@acme.com@evil.test"),
        ("SU-12 two @ in a row", "ann@@acme.com"),
        ("SU-13 quoted local", "\"ann\"@acme.com"),
        ("SU-13, G-26 quoted with an address", "\"user@evil.test x\"@acme.com"),
        ("SU-14 comment", "ann(work)@acme.com"),
        ("SU-14 comment in the domain", "ann@acme.com(work)"),
        ("SU-15 display name", "Ann <ann@acme.com>"),
        ("SU-16 list", "ann@acme.com,eve@evil.test"),
        ("SU-16 list with blanks", "eve@evil.test, ann@acme.com"),
        ("SU-17 address literal", "ann@[127.0.0.1]"),
        ("SU-17 bare address", "ann@127.0.0.1"),
        ("SU-17 IPv6 literal", "ann@[IPv6:::1]"),
        ("SU-18 CRLF", "ann@acme.com\r\nBcc: eve@evil.test"),
        ("SU-18 CRLF in the local part", "ann\r\n@acme.com"),
        ("SU-18 line feed at the end", "ann@acme.com\n"),
        ("SU-19 NUL", "ann@acme.com\0.evil.test"),
        ("SU-19 NUL in the local part", "ann\0@acme.com"),
        ("SU-20 non-ASCII local", "änn@acme.com"),
        ("SU-21 Kelvin sign", "bac\u{212a}@acme.com"),
        ("SU-22 dotless i", "m\u{131}ke@acme.com"),
        ("SU-22 long s", "\u{17f}am@acme.com"),
        ("SU-23 Cyrillic domain", "ann@\u{430}cme.com"),
        ("SU-24 fullwidth domain", "ann@\u{ff41}cme.com"),
        ("SU-24 ideographic full stop", "ann@acme\u{3002}com"),
        ("SU-24 soft hyphen", "ann@ac\u{ad}me.com"),
        ("G-24 fullwidth @", "ann\u{ff20}acme.com"),
        ("G-24 small @", "ann\u{fe6b}acme.com"),
        ("G-27 encoded word", "=?utf-8?q?ann=40evil.test=3e=00?=@acme.com"),
        ("G-27 source route", "ann%acme.com@evil.test"),
        ("G-27 bang path", "evil.test!ann@acme.com"),
        ("G-28 fake xn-- label", "ann@xn--acme-.com"),
        ("SU-28 empty", ""),
        ("SU-28 no local part", "@acme.com"),
        ("SU-28 no domain", "ann@"),
        ("SU-28 no @", "ann.acme.com"),
        ("SU-28 bare label", "ann@acme"),
        ("SU-28 empty label", "ann@acme..com"),
        ("SU-28 leading dot", "ann@.acme.com"),
        ("R-EM-3 leading dot", ".ann@acme.com"),
        ("R-EM-3 trailing dot", "ann.@acme.com"),
        ("R-EM-3 double dot", "an..n@acme.com"),
        ("R-EM-2 blanks around", " ann@acme.com "),
        ("R-EM-2 port", "ann@acme.com:25"),
    ];
    let mut all: Vec<_> = texts.iter().map(|(case, text)| (*case, (*text).to_owned())).collect();
    all.push(("SU-26 local part of 65", format!("{}@acme.com", "a".repeat(65))));
    let domain = format!("{long_label}.{long_label}.{long_label}");
    all.push(("SU-27 255 in total", format!("{}@{domain}", "a".repeat(255 - 1 - domain.len()))));
    all.push(("R-EM-2 label of 64", format!("ann@a{long_label}.com")));
    all
}

on_both! {
    // SU-11 to SU-24, SU-26 to SU-28, G-24, G-26 to G-28, R-EM-2, R-EM-3
    async fn what_is_no_address_is_refused_as_the_field_email(backend: Backend) {
        let server = Server::start(backend).await;
        server.create_tenant("acme", &["acme.com"]).await;
        for (case, address) in refused_addresses() {
            let started = server.try_start(&address).await;
            let status = started.expect_err(case);
            assert_eq!(
                (status.code(), reason(&status).as_str(), violated_fields(&status)),
                (Code::InvalidArgument, "FIELD_INVALID", vec!["email".to_owned()]),
                "{case}: {status:?}"
            );
            assert!(address.len() < 6 || !status.message().contains(&address), "{case} is echoed");
        }
        assert_eq!(server.count("pending_sign_ups").await, 0);
        assert_eq!(server.count("mail_outbox").await, 0);

        // SU-26, SU-27: at the limits themselves.
        server.try_start(&format!("{}@acme.com", "a".repeat(64))).await.unwrap();
        let (label, local) = ("a".repeat(63), "a".repeat(62));
        let domain = format!("{label}.{label}.{}", "a".repeat(63));
        assert_eq!(format!("{local}@{domain}").len(), 254);
        let unplaced = server.try_start(&format!("{local}@{domain}")).await;
        assert_refused(unplaced, Code::FailedPrecondition, "TENANT_UNRESOLVED");
    }

    // SU-02, SU-04 to SU-08, R-DOM-1, G-17: equality, not likeness; and one answer for all.
    async fn only_a_verified_domain_places(backend: Backend) {
        let server = Server::start(backend).await;
        let acme = server.create_tenant("acme", &["company.example.com"]).await;
        let beta = server.create_tenant("beta", &["beta.org"]).await;
        server.add_domain(&acme, "group.net", true).await;
        server.add_domain(&beta, "lab.group.net", false).await;
        let id = server.literal(&beta);
        server
            .execute(&format!(
                "UPDATE tenant_domains SET state = 'pending', verified_time = NULL \
                 WHERE tenant_id = {id} AND domain = 'beta.org'"
            ))
            .await;
        let mut answers = Vec::new();
        for address in [
            "ann@else.org",
            "ann@beta.org",
            "ann@mail.company.example.com",
            "ann@example.com",
            "ann@notcompany.example.com",
            "ann@company.example.com.evil.test",
            "ann@company.example",
            "ann@notgroup.net",
        ] {
            let refused = server.try_start(address).await;
            let status = assert_refused(refused, Code::FailedPrecondition, "TENANT_UNRESOLVED");
            answers.push(seen(&status));
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]));
        assert_eq!(server.count("pending_sign_ups").await, 0);

        // SU-10, SU-05 where sub-domains are asked for, and the longest match.
        for (address, tenant) in [
            ("Ann@COMPANY.Example.com", &acme),
            ("ann@group.net", &acme),
            ("ann@a.b.group.net", &acme),
            ("ann@lab.group.net", &beta),
        ] {
            assert_eq!(server.sign_up(address).await.tenant.unwrap().id, *tenant, "{address}");
        }
    }

    // SU-48, G-22, G-30, R-DOM-4: a tenant that takes nobody in is as one that is not there.
    async fn a_tenant_that_takes_nobody_in_is_not_told(backend: Backend) {
        let server = Server::start(backend).await;
        let unknown = server.try_start("ann@else.org").await;
        let expected = assert_refused(unknown, Code::FailedPrecondition, "TENANT_UNRESOLVED");
        for (slug, enrollment) in [("invited", 2), ("shut", 3)] {
            let request = CreateTenantRequest {
                slug: slug.to_owned(),
                enrollment,
                domains: vec![format!("{slug}.com")],
                ..Default::default()
            };
            server.tenant_as(server.operator()).create_tenant(request).await.unwrap();
        }
        for state in ["suspended", "deleted"] {
            let id = server.create_tenant(state, &[&format!("{state}.com")]).await;
            let id = server.literal(&id);
            server.execute(&format!("UPDATE tenants SET state = '{state}' WHERE id = {id}")).await;
        }
        for domain in ["invited.com", "shut.com", "suspended.com", "deleted.com"] {
            let status = server.try_start(&format!("ann@{domain}")).await.unwrap_err();
            assert_eq!(seen(&status), seen(&expected), "{domain}");
        }
        assert_eq!(server.count("mail_outbox").await, 0);
    }

    // SU-41, R-EM-4: nobody can void somebody else's link, nor flood their mailbox.
    async fn a_restart_gives_the_same_token_and_mails_once_a_minute(backend: Backend) {
        let server = Server::start(backend).await;
        server.create_tenant("acme", &["acme.com"]).await;
        let first = server.try_start("ann@acme.com").await.unwrap();
        let token = server.mailed_token("ann@acme.com").await;
        for address in ["ann@acme.com", "ANN@Acme.com"] {
            assert_eq!(server.try_start(address).await.unwrap(), first);
        }
        assert_eq!(server.count("mail_outbox").await, 1);
        assert_eq!(server.count("pending_sign_ups").await, 1);

        let earlier = |seconds| server.shifted("mail_time", seconds);
        server.execute(&format!("UPDATE pending_sign_ups SET mail_time = {}", earlier(-50))).await;
        server.try_start("ann@acme.com").await.unwrap();
        assert_eq!(server.count("mail_outbox").await, 1);
        server.execute(&format!("UPDATE pending_sign_ups SET mail_time = {}", earlier(-11))).await;
        // To the stored address, in the case in which it was first typed.
        server.try_start("ANN@acme.com").await.unwrap();
        assert_eq!(server.count("mail_outbox").await, 2);
        server.mails_sent(2).await;
        for mail in server.mails() {
            assert!(mail.contains("To: ann@acme.com") && mail.contains(&token), "{mail}");
        }
        server.try_sign_up(&token, "ann@acme.com", PASSWORD).await.unwrap();
    }

    // SU-40: after its expiry a new proof is made and the old token stays dead.
    async fn a_restart_after_the_expiry_gives_another_token(backend: Backend) {
        let server = Server::start(backend).await;
        server.create_tenant("acme", &["acme.com"]).await;
        let old = server.start_sign_up("ann@acme.com").await;
        let past = server.time_ahead(-1);
        server.execute(&format!("UPDATE pending_sign_ups SET expire_time = {past}")).await;
        server.try_start("ann@acme.com").await.unwrap();
        server.mails_sent(2).await;
        let new = server.mailed_token("ann@acme.com").await;
        assert_ne!(old, new);
        let refused = server.try_sign_up(&old, "ann@acme.com", PASSWORD).await;
        assert_refused(refused, Code::FailedPrecondition, "MAILBOX_PROOF_INVALID");
        server.try_sign_up(&new, "ann@acme.com", PASSWORD).await.unwrap();
    }

    // R-ENU-1, G-25: a known address gets the same answer, and its owner another mail.
    async fn a_known_address_is_not_told_apart(backend: Backend) {
        let server = Server::start(backend).await;
        server.create_tenant("acme", &["acme.com"]).await;
        server.sign_up("Ann@acme.com").await;
        let known = server.try_start("aNN@acme.com").await.unwrap();
        let unknown = server.try_start("bob@acme.com").await.unwrap();
        let seconds = |time: Option<prost_types::Timestamp>| time.unwrap().seconds;
        let apart = seconds(unknown.expire_time) - seconds(known.expire_time);
        assert!((0..60).contains(&apart), "the answers differ by {apart} s");
        assert_eq!(server.count("pending_sign_ups").await, 2);

        // R-EM-4: to the stored address of the account.
        let mail = server.mail_to("Ann@acme.com", "already have an account").await;
        assert!(!mail.contains("token="), "{mail}");
        server.mail_to("bob@acme.com", "token=").await;
        assert!(!server.mails().iter().any(|mail| mail.contains("aNN@")));

        server.try_start("ann@acme.com").await.unwrap();
        assert_eq!(server.count("mail_outbox").await, 3, "the cool-down holds for it too");
    }

    // G-31, R-TEN-1: neither a credential nor a tenant header changes where one lands.
    async fn metadata_does_not_place(backend: Backend) {
        let server = Server::start(backend).await;
        let acme = server.create_tenant("acme", &["acme.com"]).await;
        let metadata = server.operator().with("x-tenant-id", &acme);
        for metadata in [metadata, Metadata::bearer("nonsense").with("x-tenant-id", "nonsense")] {
            let request = reeve::pb::auth::v1::StartSignUpRequest {
                email: "a@else.org".into(),
                ..Default::default()
            };
            let refused = server.auth_as(metadata).start_sign_up(request).await;
            assert_refused(refused, Code::FailedPrecondition, "TENANT_UNRESOLVED");
        }
    }
}
