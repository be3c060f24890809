//! Servers that share one database, with nothing else between them.

use crate::support::{
    Backend, Server,
    postgres::Database,
    server::{Metadata, Options},
};
use reeve::pb::{auth::v1 as auth, tenant::v1 as tenant};

/// Two servers that start at once on a PostgreSQL database in which nothing was done yet. They
/// put their mail in one directory, because either may send it.
async fn pair() -> [Server; 2] {
    let database = Some(Database::empty().await);
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mail = first.path().join("mail").display().to_string();
    let shared = || Options(vec![("REEVE_MAIL_DIR", mail.clone())]);
    let (one, other) = tokio::join!(
        Server::start_on(Backend::Postgres, database.clone(), first, shared()),
        Server::start_on(Backend::Postgres, database.clone(), second, shared()),
    );
    [one, other]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn servers_that_start_together_migrate_once_and_share_keys() {
    let [one, other] = pair().await;
    let versions = reeve::db::migrate::TABLES.len();
    let applied = one.count_where("__diesel_schema_migrations", "true").await;
    assert_eq!(applied, i64::try_from(versions).unwrap());
    let purposes = reeve::model::key::KeyPurpose::ALL.len();
    let keys = one.count_where("keys", "true").await;
    assert_eq!(keys, i64::try_from(purposes).unwrap() + 1);

    let acme = one.create_tenant("acme", &["acme.com"]).await;
    other.create_tenant("beta", &[]).await;
    let session = one.sign_up("ann@acme.com").await;

    let me = other.auth_as(Metadata::bearer(&session.access_token));
    let me = me.clone().who_am_i(auth::WhoAmIRequest {}).await.unwrap().into_inner();
    assert_eq!(me.memberships.len(), 1);

    let request = auth::RefreshSessionRequest { refresh_token: session.refresh_token };
    let refreshed = other.auth().refresh_session(request).await.unwrap().into_inner();
    let refreshed = refreshed.session.unwrap();
    assert_eq!(refreshed.tenant.unwrap().id, acme);
    let request = auth::RefreshSessionRequest { refresh_token: refreshed.refresh_token };
    let again = one.auth().refresh_session(request).await.unwrap().into_inner().session.unwrap();
    let me = one.auth_as(Metadata::bearer(&again.access_token));
    assert!(me.clone().who_am_i(auth::WhoAmIRequest {}).await.is_ok());

    let page = async |server: &Server, token: String| {
        let request = tenant::ListTenantsRequest { page_size: 1, page_token: token };
        // The key was made by the first server.
        let mut client = server.tenant_as(one.operator());
        client.list_tenants(request).await.unwrap().into_inner()
    };
    let first = page(&one, String::new()).await;
    let second = page(&other, first.next_page_token).await;
    let slugs = [&first.tenants[0].slug, &second.tenants[0].slug];
    assert_eq!(slugs, ["acme", "beta"]);
    assert_eq!(second.next_page_token, "");
}

/// A sign-up begun at one replica is finished at the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_sign_up_crosses_replicas() {
    let [one, other] = pair().await;
    one.create_tenant("acme", &["acme.com"]).await;
    let token = one.start_sign_up("ann@acme.com").await;
    let request = auth::SignUpRequest {
        token,
        email: "ann@acme.com".to_owned(),
        password: crate::support::server::PASSWORD.to_owned(),
        display_name: "Ann".to_owned(),
    };
    other.auth().sign_up(request).await.unwrap();
    assert!(one.sign_in("ann@acme.com", crate::support::server::PASSWORD).await.is_ok());
}
