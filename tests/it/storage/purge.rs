//! What has run out is deleted, and nothing before.

use crate::support::{
    Backend, Server, assert_refused, ghost,
    seed::{budget, system_scope, tenant_id, tenant_scope},
};
use reeve::{
    access::{Scope, SystemUse},
    db::{idempotency, pending_sign_ups, sessions},
    model::clock::Clock as _,
    ops::purge::purge,
    pb::tenant::v1::CreateTenantRequest,
};
use std::time::Duration;
use tonic::Code;

const DAY: i64 = 24 * 3_600;

async fn shift(server: &Server, table: &str, seconds: i64) {
    let moved = server.shifted("expire_time", seconds);
    server.execute(&format!("UPDATE {table} SET expire_time = {moved}")).await;
}

/// Sets every end to `seconds` ahead of now.
async fn end_in(server: &Server, table: &str, seconds: i64) {
    let end = server.time_ahead(seconds);
    server.execute(&format!("UPDATE {table} SET expire_time = {end}")).await;
}

on_both! {
    async fn requests_go_when_they_have_run_out(backend: Backend) {
        let server = Server::start(backend).await;
        let request = CreateTenantRequest {
            slug: "acme".to_owned(),
            request_id: ghost(),
            ..Default::default()
        };
        server.tenant_as(server.operator()).create_tenant(request).await.unwrap();
        for (seconds, left) in [(-DAY + 60, 1), (-60, 0)] {
            shift(&server, "idempotency", seconds).await;
            purge(&server.app).await.unwrap();
            assert_eq!(server.count("idempotency").await, left, "{seconds}");
        }
    }

    async fn pending_sign_ups_go_a_day_after_their_end(backend: Backend) {
        let server = Server::start(backend).await;
        server.create_tenant("acme", &["acme.com"]).await;
        server.start_sign_up("ann@acme.com").await;
        for (seconds, left) in [(60, 1), (-DAY + 60, 1), (-DAY - 60, 0)] {
            end_in(&server, "pending_sign_ups", seconds).await;
            purge(&server.app).await.unwrap();
            assert_eq!(server.count("pending_sign_ups").await, left, "{seconds}");
        }
    }

    // R-TOK-9, G-64: a spent token is told until the session could not live any more.
    async fn sessions_go_a_day_after_their_absolute_end(backend: Backend) {
        let server = Server::start(backend).await;
        server.create_tenant("acme", &["acme.com"]).await;
        let spent = server.sign_up("ann@acme.com").await.refresh_token;
        let next = server.refresh(&spent).await.unwrap();
        // Long idle, and ended by sign-out: the row stays.
        let past = server.time_ahead(-30 * DAY);
        server.execute(&format!("UPDATE sessions SET idle_expire_time = {past}")).await;
        purge(&server.app).await.unwrap();
        let ahead = server.time_ahead(DAY);
        let rotated = server.time_ahead(-60);
        server
            .execute(&format!(
                "UPDATE sessions SET idle_expire_time = {ahead}, rotated_time = {rotated}"
            ))
            .await;
        let reuse = server.refresh(&spent).await;
        assert_refused(reuse, Code::Unauthenticated, "REFRESH_TOKEN_REUSED");
        purge(&server.app).await.unwrap();
        let ended = server.refresh(&next.refresh_token).await;
        assert_refused(ended, Code::Unauthenticated, "SESSION_ENDED");
        for (seconds, left) in [(-DAY + 60, 1), (-DAY - 60, 0)] {
            end_in(&server, "sessions", seconds).await;
            purge(&server.app).await.unwrap();
            assert_eq!(server.count("sessions").await, left, "{seconds}");
        }
        let gone = server.refresh(&next.refresh_token).await;
        assert_refused(gone, Code::Unauthenticated, "REFRESH_TOKEN_INVALID");
    }

    async fn many_rows_go_in_batches(backend: Backend) {
        let server = Server::start(backend).await;
        let nil = server.literal("00000000-0000-0000-0000-000000000000");
        let (number, bytes) = match backend {
            Backend::Postgres => ("gen_random_uuid()", "decode('00', 'hex')"),
            Backend::Sqlite => ("randomblob(16)", "X'00'"),
        };
        let rows = |count: usize, end: &str| {
            format!(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) \
                 INSERT INTO idempotency \
                 (principal_id, scope_id, request_id, kid, tag, made, expire_time) \
                 SELECT {nil}, {nil}, {number}, 'k', {bytes}, {nil}, {end} FROM n"
            )
        };
        // Of different ends, and more of one end than a batch has; out of the reach of the
        // server's own purge until they are counted.
        for seconds in 0..12 {
            server.execute(&rows(100, &server.time_ahead(1_000 + seconds))).await;
        }
        server.execute(&rows(700, &server.time_ahead(2_000))).await;
        server.execute(&rows(3, &server.time_ahead(20_000))).await;
        let until = server.clock.now() + Duration::from_hours(1);
        let (scope, budget) = (Scope::system(SystemUse::Purge), &budget());
        let first = server.app.db.dry_run(scope, budget, async |tx| {
            idempotency::delete_expired(tx, until, 250).await
        });
        assert!((250..=300).contains(&first.await.unwrap()));
        shift(&server, "idempotency", -4_000).await;
        purge(&server.app).await.unwrap();
        assert_eq!(server.count("idempotency").await, 3);
    }

    async fn nobody_else_deletes_across_tenants(backend: Backend) {
        let server = Server::start(backend).await;
        let tenant = tenant_id(&server.create_tenant("acme", &[]).await);
        let (db, budget, now) = (&server.app.db, &budget(), server.clock.now());
        for scope in [tenant_scope(tenant), system_scope()] {
            let refused = db.write(scope, budget, async |tx| {
                idempotency::delete_expired(tx, now, 1).await
            });
            assert!(refused.await.is_err());
            let refused = db.write(scope, budget, async |tx| {
                pending_sign_ups::delete_expired(tx, now, 1).await
            });
            assert!(refused.await.is_err());
            let refused =
                db.write(scope, budget, async |tx| sessions::delete_expired(tx, now, 1).await);
            assert!(refused.await.is_err());
        }
    }
}
