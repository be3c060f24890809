//! Servers that share one database, with nothing else between them. That is PostgreSQL: the file
//! of the embedded database has one server.

use crate::support::{
    Backend, Server, assert_refused,
    keys::{MadeKey, SCOPES},
    postgres::Database,
    server::{Metadata, Options},
};
use reeve::pb::{
    auth::v1::{self as auth, SignOutScope, TokenInactiveReason},
    common::v1::Role,
    tenant::v1 as tenant,
};
use std::time::{Duration, Instant};
use tonic::Code;

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

/// R-TEN-6, R-TOK-11, TK-57: what is taken away at one replica is refused at the other, for a
/// write at once and for a read within five seconds; here for both at once (ADR 0004).
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_ends_at_one_replica_ends_at_the_other() {
    let [one, other] = pair().await;
    let acme = one.create_tenant("acme", &["acme.com"]).await;
    let owner = one.sign_up_as("ann@acme.com", Role::Owner).await;
    let owner = Metadata::bearer(&owner.access_token);
    let bob = one.sign_up_as("bob@acme.com", Role::Admin).await;
    let (user, session) = (bob.user.clone().unwrap().id, bob);
    let refused = async |session: &auth::Session, reason: &str, since: Instant| {
        let token = Metadata::bearer(&session.access_token);
        let write = other.update_role(&token, &user, "", Role::Member).await;
        assert_refused(write, Code::Unauthenticated, reason);
        let write = other.sign_out(&session.access_token, SignOutScope::Current).await;
        assert_refused(write, Code::Unauthenticated, reason);
        let read = other.who_am_i(&session.access_token).await;
        assert_refused(read, Code::Unauthenticated, reason);
        let read = other.tenant_as(token).list_users(tenant::ListUsersRequest::default()).await;
        assert_refused(read, Code::Unauthenticated, reason);
        assert!(since.elapsed() < Duration::from_secs(5));
    };
    // The other one has seen the token before.
    other.who_am_i(&session.access_token).await.unwrap();
    one.update_role(&owner, &user, "", Role::Member).await.unwrap();
    refused(&session, "CREDENTIAL_STALE", Instant::now()).await;
    let session = other.refresh(&session.refresh_token).await.unwrap();

    for (table, id) in [("users", &user), ("user_profiles", &user), ("tenants", &acme)] {
        let column = if table == "user_profiles" { "user_id" } else { "id" };
        let set = format!("UPDATE {table} SET state = 'suspended' WHERE {column} = '{id}'");
        other.who_am_i(&session.access_token).await.unwrap();
        one.execute(&set).await;
        refused(&session, "SESSION_ENDED", Instant::now()).await;
        one.execute(&set.replace("'suspended'", "'active'")).await;
    }
    other.who_am_i(&session.access_token).await.unwrap();
    one.remove_user(&owner, &user, &acme).await.unwrap();
    refused(&session, "SESSION_ENDED", Instant::now()).await;
    let dead = other.refresh(&session.refresh_token).await;
    assert_refused(dead, Code::Unauthenticated, "REFRESH_TOKEN_INVALID");
}

/// R-TEN-6, G-53, G-67: a key that ends at one replica opens nothing at the other, from the next
/// call on, and is less there when its creator is.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_key_that_ends_at_one_replica_ends_at_the_other() {
    let [one, other] = pair().await;
    let acme = one.create_tenant("acme", &["acme.com"]).await;
    let ann = Metadata::bearer(&one.sign_up_as("ann@acme.com", Role::Owner).await.access_token);
    let bob = one.sign_up_as("bob@acme.com", Role::Admin).await;
    let (bob, id) = (Metadata::bearer(&bob.access_token), bob.user.unwrap().id);
    let first = one.create_key(&bob, Role::Admin, &SCOPES).await;
    let second = other.create_key(&bob, Role::Admin, &SCOPES).await;
    let list = async |key: &MadeKey| {
        let mut client = other.tenant_as(key.credential());
        client.list_domains(tenant::ListDomainsRequest::default()).await
    };
    list(&first).await.unwrap();
    one.revoke_key(&ann, &first.id, "").await.unwrap();
    assert_refused(list(&first).await, Code::Unauthenticated, "CREDENTIAL_INVALID");
    let again = other.revoke_key(&ann, &first.id, "").await.unwrap();
    assert!(again.revoke_time.is_some());

    list(&second).await.unwrap();
    one.update_role(&ann, &id, "", Role::Member).await.unwrap();
    assert_refused(list(&second).await, Code::PermissionDenied, "PERMISSION_DENIED");
    one.update_role(&ann, &id, "", Role::Admin).await.unwrap();
    list(&second).await.unwrap();
    one.remove_user(&ann, &id, &acme).await.unwrap();
    assert_refused(list(&second).await, Code::Unauthenticated, "CREDENTIAL_INVALID");
    let write = other.remove_user(&second.credential(), &id, "").await;
    assert_refused(write, Code::Unauthenticated, "CREDENTIAL_INVALID");
}

/// R-TEN-6, TK-57: another service that asks the other replica is told at once, too.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_token_that_ends_at_one_replica_is_inactive_at_the_other() {
    let [one, other] = pair().await;
    one.create_tenant("acme", &["acme.com"]).await;
    let ann = Metadata::bearer(&one.sign_up_as("ann@acme.com", Role::Owner).await.access_token);
    let bob = one.sign_up("bob@acme.com").await;
    let id = bob.user.clone().unwrap().id;
    let key = one.create_key(&ann, Role::Member, &["tokens:validate"]).await.credential();
    let told = async |token: &str| {
        let answer = other.validate_token(&key, token).await.unwrap();
        (answer.active, answer.inactive_reason())
    };
    let active = (true, TokenInactiveReason::Unspecified);
    assert_eq!(told(&bob.access_token).await, active);
    one.update_role(&ann, &id, "", Role::Admin).await.unwrap();
    assert_eq!(told(&bob.access_token).await, (false, TokenInactiveReason::Stale));
    let fresh = other.refresh(&bob.refresh_token).await.unwrap();
    assert_eq!(told(&fresh.access_token).await, active);
    one.remove_user(&ann, &id, "").await.unwrap();
    assert_eq!(told(&fresh.access_token).await, (false, TokenInactiveReason::Ended));
}
