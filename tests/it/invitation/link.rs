//! The link of an invitation, and the mail it stands in.

use super::World;
use crate::support::{
    Backend, Options, Server,
    invite::{mailed, returned},
    server::Metadata,
};
use reeve::pb::{common::v1::Role, invitation::v1 as pb};

on_both! {
    // IN-32, G-16, R-INV-9: the base is configuration, whatever the request says.
    async fn the_links_base_is_configuration(backend: Backend) {
        let options = Options(vec![("PUBLIC_BASE_URL", "https://app.example.com".to_owned())]);
        let server = Server::start_with(backend, options).await;
        let tenant_id = server.create_tenant("acme", &[]).await;
        let evil = server
            .operator()
            .with("host", "evil.test")
            .with("x-forwarded-host", "evil.test")
            .with("x-forwarded-proto", "gopher")
            .with("forwarded", "host=evil.test;proto=http")
            .with("x-original-host", "evil.test")
            .with("origin", "https://evil.test")
            .with("referer", "https://evil.test/");
        let of = |request| pb::CreateInvitationRequest { tenant_id: tenant_id.clone(), ..request };
        let made = server.try_invite(&evil, of(returned("carl+x@else.org", Role::Member))).await;
        let made = made.unwrap();
        let expected = format!(
            "https://app.example.com/signup#token={}&email=carl%2Bx%40else.org", made.token
        );
        assert_eq!(made.invite_url, expected);
        server.try_invite(&evil, of(mailed("dan@else.org", Role::Member))).await.unwrap();
        let mail = server.mail_to("dan@else.org", "token=").await;
        assert!(mail.contains("\nhttps://app.example.com/signup#token="), "{mail}");
        assert!(mail.contains("&email=dan%40else.org"), "{mail}");
        assert!(!mail.contains("evil"), "{mail}");
    }

    // IN-33, R-INV-9: names that people chose cannot inject headers, lines or links.
    async fn names_are_escaped_in_the_mail(backend: Backend) {
        let it = World::new(backend).await;
        let evil = "Eve https://evil.test/ \"x\"";
        it.set_profile(&it.owner_id, &format!("display_name = '{evil}'")).await;
        it.set("tenants", &it.acme, &format!("display_name = '{evil}'")).await;
        it.server.try_invite(&it.owner, mailed("carl@else.org", Role::Member)).await.unwrap();
        let mail = it.server.mail_to("carl@else.org", "token=").await;
        assert!(mail.contains("evil. test") && !mail.contains("evil.test"), "{mail}");
        let links = mail.lines().filter(|line| line.contains("://")).count();
        assert_eq!(links, 1, "{mail}");
        // Newlines never get as far: the name itself is refused.
        let request = reeve::pb::tenant::v1::CreateTenantRequest {
            slug: "evil".to_owned(),
            display_name: "Evil\r\nBcc: eve@evil.test".to_owned(),
            ..Default::default()
        };
        it.server.tenant_as(it.server.operator()).create_tenant(request).await.unwrap_err();
    }

    // Only people have a name to show.
    async fn a_mail_by_an_operator_names_nobody(backend: Backend) {
        let it = World::new(backend).await;
        let request = pb::CreateInvitationRequest {
            tenant_id: it.acme.clone(),
            ..mailed("carl@else.org", Role::Owner)
        };
        let by: Metadata = it.server.operator();
        it.server.try_invite(&by, request).await.unwrap();
        let mail = it.server.mail_to("carl@else.org", "token=").await;
        assert!(mail.contains("Somebody invites you to join"), "{mail}");
    }
}
