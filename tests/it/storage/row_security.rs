//! PostgreSQL's row-level security by itself: plain SQL as the role that serves.

use crate::support::{
    Backend, Server,
    postgres::{self, SERVICE},
    seed::{budget, tenant_id, tenant_scope},
};
use reeve::{db::user_profiles, model::profile::ProfileFilter};
use std::collections::BTreeSet;
use tokio_postgres::Client;

/// Every row that belongs to a tenant, as (table, tenant).
const OWNED: &str = "SELECT 'tenants', id::text FROM tenants \
    UNION ALL SELECT 'tenant_domains', tenant_id::text FROM tenant_domains \
    UNION ALL SELECT 'users', tenant_id::text FROM users \
    UNION ALL SELECT 'user_profiles', tenant_id::text FROM user_profiles \
    UNION ALL SELECT 'pending_sign_ups', tenant_id::text FROM pending_sign_ups \
    UNION ALL SELECT 'sessions', tenant_id::text FROM sessions \
    UNION ALL SELECT 'invitation_tokens', tenant_id::text FROM invitation_tokens \
    UNION ALL SELECT 'departures', tenant_id::text FROM departures \
    UNION ALL SELECT 'idempotency', scope_id::text FROM idempotency \
    UNION ALL SELECT 'api_keys', coalesce(tenant_id::text, 'platform') FROM api_keys \
    UNION ALL SELECT 'events', coalesce(tenant_id::text, 'platform') FROM events";
const TABLES: usize = 11;

async fn two_tenants() -> (Server, [String; 2]) {
    let server = Server::start(Backend::Postgres).await;
    let mut ids = Vec::new();
    for slug in ["acme", "other"] {
        let tenant = server.create_tenant(slug, &[&format!("{slug}.com")]).await;
        server.sign_up(&format!("ann@{slug}.com")).await;
        server.start_sign_up(&format!("bob@{slug}.com")).await;
        let key = format!(
            "INSERT INTO api_keys (id, tenant_id, name, role, hash, create_time) VALUES \
             (gen_random_uuid(), '{tenant}', 'key', 'member', decode(md5('{slug}'), 'hex'), now())"
        );
        server.execute(&key).await;
        server.mailed_invitation(&tenant, &format!("carl@{slug}.com")).await;
        server.seed_departure(&tenant, &format!("dan@{slug}.com")).await;
        let request = format!(
            "INSERT INTO idempotency (principal_id, scope_id, request_id, kid, tag, expire_time) \
             VALUES (gen_random_uuid(), '{tenant}', gen_random_uuid(), '', '', now())"
        );
        server.execute(&request).await;
        ids.push(tenant);
    }
    (server, ids.try_into().unwrap())
}

async fn service(server: &Server) -> Client {
    let (client, _task) = postgres::connect(&server.database.as_ref().unwrap().url(SERVICE)).await;
    client.batch_execute("SET search_path = reeve").await.unwrap();
    client
}

/// Tables with rows in sight; fails when a row is of another tenant.
async fn seen(client: &Client, tenant: &str) -> BTreeSet<String> {
    let rows = client.query(OWNED, &[]).await.unwrap();
    rows.iter()
        .map(|row| {
            let (table, owner): (String, String) = (row.get(0), row.get(1));
            assert_eq!(owner, tenant, "a row of {table}");
            table
        })
        .collect()
}

// TI-23
#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_sees_its_own_rows_alone() {
    let (server, tenants) = two_tenants().await;
    let client = service(&server).await;
    for round in 0..1_000 {
        let tenant = &tenants[round % 2];
        let begin = format!("BEGIN; SET LOCAL reeve.tenant_id = '{tenant}'");
        client.batch_execute(&begin).await.unwrap();
        assert_eq!(seen(&client, tenant).await.len(), TABLES);
        client.batch_execute(if round % 3 == 0 { "ROLLBACK" } else { "COMMIT" }).await.unwrap();
    }
    // The setting ended with its transaction.
    assert_eq!(seen(&client, "nobody").await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_changes_its_own_rows_alone() {
    let (server, [ours, theirs]) = two_tenants().await;
    let client = service(&server).await;
    let set = format!("SET reeve.tenant_id = '{ours}'");
    client.batch_execute(&set).await.unwrap();
    for (table, column) in [
        ("tenants", "id"),
        ("tenant_domains", "tenant_id"),
        ("user_profiles", "tenant_id"),
        ("users", "tenant_id"),
        ("pending_sign_ups", "tenant_id"),
        ("sessions", "tenant_id"),
        ("api_keys", "tenant_id"),
        ("invitation_tokens", "tenant_id"),
        ("departures", "tenant_id"),
    ] {
        let update =
            format!("UPDATE {table} SET create_time = create_time WHERE {column} = '{theirs}'");
        assert_eq!(client.execute(&update, &[]).await.unwrap(), 0, "{table}");
        let delete = format!("DELETE FROM {table} WHERE {column} = '{theirs}'");
        assert_eq!(client.execute(&delete, &[]).await.unwrap(), 0, "{table}");
        let update =
            format!("UPDATE {table} SET create_time = create_time WHERE {column} = '{ours}'");
        assert!(client.execute(&update, &[]).await.unwrap() > 0, "{table}");
    }
    for insert in [
        format!(
            "INSERT INTO tenant_domains (id, tenant_id, domain, include_subdomains, state, create_time) \
             VALUES (gen_random_uuid(), '{theirs}', 'x.org', false, 'pending', now())"
        ),
        format!(
            "INSERT INTO user_profiles (tenant_id, user_id, role, state, mver) \
             SELECT '{theirs}', id, 'owner', 'active', 1 FROM users"
        ),
        format!("UPDATE tenant_domains SET tenant_id = '{theirs}'"),
    ] {
        let error = client.batch_execute(&insert).await.expect_err(&insert);
        assert_eq!(error.as_db_error().unwrap().code().code(), "42501", "{insert}");
    }
    // What no tenant owns is out of its reach.
    server.sign_in("ann@acme.com", "wrong harbour 71").await.unwrap_err();
    for table in ["keys", "mail_outbox", "throttle"] {
        assert!(server.count(table).await > 0, "{table}");
        let sql = format!("SELECT count(*) FROM {table}");
        assert_eq!(client.query_one(&sql, &[]).await.unwrap().get::<_, i64>(0), 0, "{table}");
    }
}

/// G-52: the pool hands out the connection that the other tenant used a moment ago.
#[tokio::test(flavor = "multi_thread")]
async fn pooled_connections_carry_no_tenant_over() {
    let (server, tenants) = two_tenants().await;
    let everyone = &ProfileFilter::default();
    for round in 0..1_000 {
        let tenant = tenant_id(&tenants[round % 2]);
        let listed = server
            .app
            .db
            .read(tenant_scope(tenant), &budget(), async |tx| {
                user_profiles::list(tx, everyone, None, 10).await
            })
            .await
            .unwrap();
        assert!(listed.len() == 1 && listed[0].tenant_id == tenant, "{listed:?}");
    }
}
