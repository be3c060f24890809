//! `WhoAmI`: the caller, the active tenant, and the memberships elsewhere.

use crate::support::{Backend, Server, assert_refused};
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

    // R-TEN-6: roles come from the database, not from the token.
    async fn a_role_changes_at_once(backend: Backend) {
        let server = Server::start(backend).await;
        server.create_tenant("acme", &["acme.com"]).await;
        let session = server.sign_up_as("ann@acme.com", Role::Admin).await;
        let me = server.who_am_i(&session.access_token).await.unwrap();
        assert_eq!(me.profile.unwrap().role(), Role::Admin);
    }

    async fn a_key_is_nobody(backend: Backend) {
        let server = Server::start(backend).await;
        let refused = server.who_am_i(&server.operator_key).await;
        assert_refused(refused, Code::PermissionDenied, "PERMISSION_DENIED");
    }
}
