//! `WhoAmI`: the caller, the active tenant, and the memberships elsewhere.

use crate::support::{Backend, Server, assert_refused, server::PASSWORD};
use reeve::pb::common::v1::Role;
use tonic::Code;

on_both! {
    async fn it_tells_every_membership_and_nobody_elses(backend: Backend) {
        let server = Server::start(backend).await;
        let home = server.create_tenant("home", &["home.com"]).await;
        let other = server.create_tenant("other", &["other.com"]).await;
        let foreign = server.create_tenant("foreign", &["foreign.com"]).await;
        for email in ["bob@home.com", "cyd@other.com", "dee@foreign.com"] {
            server.sign_up(email).await;
        }
        let session = server.sign_up("Ann@home.com").await;
        let user = session.user.clone().unwrap();
        server.set_role(&user.id, &other, Role::Owner).await;

        let me = server.who_am_i(&session.access_token).await.unwrap();
        assert_eq!(me.user.unwrap(), user);
        assert_eq!(me.tenant.unwrap().id, home);
        let profile = me.profile.unwrap();
        assert_eq!((&profile.tenant_id, profile.role()), (&home, Role::Member));
        assert_eq!((profile.user_id.as_str(), profile.email.as_str()), (&*user.id, "Ann@home.com"));
        let held: Vec<_> = me
            .memberships
            .iter()
            .map(|held| {
                let (tenant, profile) = (held.tenant.as_ref().unwrap(), held.profile.as_ref().unwrap());
                assert_eq!((&profile.tenant_id, &profile.user_id), (&tenant.id, &user.id));
                (tenant.id.as_str(), profile.role())
            })
            .collect();
        assert_eq!(held, [(home.as_str(), Role::Member), (other.as_str(), Role::Owner)]);
        assert!(!held.iter().any(|(tenant, _)| *tenant == foreign));
    }

    // R-TEN-6, TK-53: a role holds at once; the token of before is stale, a refreshed one fits.
    async fn a_role_changes_at_once(backend: Backend) {
        let server = Server::start(backend).await;
        let acme = server.create_tenant("acme", &["acme.com"]).await;
        let session = server.sign_up("ann@acme.com").await;
        let user = session.user.unwrap().id;
        for role in [Role::Admin, Role::Member] {
            let before = server.sign_in("ann@acme.com", PASSWORD).await.unwrap();
            server.set_role(&user, &acme, role).await;
            let stale = server.who_am_i(&before.access_token).await;
            assert_refused(stale, Code::Unauthenticated, "CREDENTIAL_STALE");
            let next = server.refresh(&before.refresh_token).await.unwrap();
            let me = server.who_am_i(&next.access_token).await.unwrap();
            assert_eq!(me.profile.unwrap().role(), role);
        }
    }

    async fn a_key_is_nobody(backend: Backend) {
        let server = Server::start(backend).await;
        let refused = server.who_am_i(&server.operator_key).await;
        assert_refused(refused, Code::PermissionDenied, "PERMISSION_DENIED");
    }
}
