//! Migrations go up and down with data in every table, once each however many processes start,
//! and what was changed by hand is found.

use crate::support::{
    Backend, Server,
    postgres::{Database, OWNER, SERVICE},
    server::Options,
};
use reeve::{
    boot,
    config::MigrateMode,
    db::{
        Target,
        migrate::{self, TABLES},
    },
    model::id::InvitationId,
};
use std::collections::BTreeSet;

fn service_role(backend: Backend) -> Option<&'static str> {
    (backend == Backend::Postgres).then_some(SERVICE)
}

/// Rows in every table, made by the service itself, which then stops.
async fn filled(backend: Backend) -> Server {
    let mut server = Server::start(backend).await;
    let tenant = server.create_tenant("acme", &["acme.com"]).await;
    server.sign_up("ann@acme.com").await;
    server.start_sign_up("bob@acme.com").await;
    server.sign_in("ann@acme.com", "wrong harbour 71").await.unwrap_err();
    fill_by_hand(&server, &server.literal(&tenant)).await;
    server.stop().await.unwrap();
    server
}

/// Rows of what this test does not make by an RPC.
async fn fill_by_hand(server: &Server, tenant: &str) {
    let (now, bytes) = match server.backend {
        Backend::Postgres => ("now()", "'\\x00'"),
        Backend::Sqlite => ("0", "x'00'"),
    };
    let id = server.literal(&server.app.new_id::<InvitationId>().to_string());
    server
        .execute(&format!(
            "INSERT INTO invitation_tokens (id, tenant_id, email, email_key, role, state, delivery, \
             token_hash, token_time, inviter_kind, expire_time, create_time) VALUES ({id}, {tenant}, \
             'cid@else.org', 'cid@else.org', 'member', 'pending', 'outbox', {bytes}, {now}, \
             'operator', {now}, {now}); \
             INSERT INTO departures VALUES ({tenant}, 'dan@acme.com', {now}); \
             INSERT INTO idempotency (principal_id, scope_id, request_id, kid, tag, expire_time) \
             VALUES ({id}, {tenant}, {id}, 'kid', {bytes}, {now});"
        ))
        .await;
}

fn tables() -> Vec<&'static str> {
    TABLES.iter().flat_map(|(_, tables)| tables.iter().copied()).collect()
}

/// What the database holds beside the migrations' own table.
async fn objects(server: &Server) -> Vec<String> {
    let sql = match server.backend {
        Backend::Postgres => {
            "SELECT relname::text AS value FROM pg_class WHERE relnamespace = 'reeve'::regnamespace \
             AND relname NOT LIKE '\\_\\_diesel\\_schema\\_migrations%' \
             UNION ALL SELECT proname::text FROM pg_proc WHERE pronamespace = 'reeve'::regnamespace \
             UNION ALL SELECT typname::text FROM pg_type WHERE typnamespace = 'reeve'::regnamespace \
             AND typname NOT LIKE '%\\_\\_diesel\\_schema\\_migrations'"
        }
        Backend::Sqlite => {
            "SELECT name AS value FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
             AND name <> '__diesel_schema_migrations'"
        }
    };
    server.texts(sql).await
}

on_both! {
    async fn down_and_up_again_with_data_in_every_table(backend: Backend) {
        let server = filled(backend).await;
        for table in tables() {
            assert!(server.count_where(table, "1 = 1").await > 0, "{table} is empty");
        }
        let target = server.owner_target();
        let at_risk = migrate::rows_at_risk(&target, Some("0")).await.unwrap();
        let named: BTreeSet<&str> = at_risk.iter().map(|(table, _)| *table).collect();
        let expected: BTreeSet<&str> =
            tables().into_iter().filter(|table| *table != "event_head").collect();
        assert_eq!(named, expected);
        let latest = migrate::rows_at_risk(&target, None).await.unwrap();
        let newest = TABLES.last().unwrap().1;
        assert_eq!(latest.iter().map(|(table, _)| *table).collect::<Vec<_>>(), newest);

        for (index, (version, _)) in TABLES.iter().enumerate().rev() {
            let undone = migrate::down(&target, None).await.unwrap();
            assert!(undone.len() == 1 && undone[0].starts_with(version), "{undone:?}");
            let status = migrate::status(&target).await.unwrap();
            assert_eq!((status.applied.len(), status.pending.len()), (index, TABLES.len() - index));
        }
        assert!(migrate::down(&target, None).await.unwrap().is_empty());
        let left = objects(&server).await;
        assert!(left.is_empty(), "{left:?}");
        let pending = migrate::verify(&target).await.unwrap();
        assert_eq!(pending.len(), TABLES.len());

        let partly = migrate::up(&target, Some("3"), None).await;
        // Rights are granted on all tables at once, so a service role comes with the last.
        assert_eq!(partly.unwrap().len(), 3);
        let rest = migrate::up(&target, None, service_role(backend)).await.unwrap();
        assert_eq!(rest.len(), TABLES.len() - 3);
        assert!(migrate::status(&target).await.unwrap().is_current());
        assert_eq!(migrate::verify(&target).await.unwrap(), []);

        let Server { data_dir, database, .. } = server;
        let again = Server::start_on(backend, database, data_dir, Options::default()).await;
        again.create_tenant("acme", &["acme.com"]).await;
        again.sign_up("cid@acme.com").await;
    }

    async fn one_step_down_names_the_version_it_stops_at(backend: Backend) {
        let server = filled(backend).await;
        let target = server.owner_target();
        let undone = migrate::down(&target, Some("2")).await.unwrap();
        let versions: Vec<&str> = undone.iter().map(|name| &name[..4]).collect();
        let newest_first: Vec<&str> = TABLES[2..].iter().rev().map(|(version, _)| *version).collect();
        assert_eq!(versions, newest_first);
        migrate::up(&target, None, service_role(backend)).await.unwrap();
        assert_eq!(migrate::verify(&target).await.unwrap(), []);
        // What happened stays told; who it happened to is gone.
        assert!(server.count_where("events", "kind = 'user.created'").await > 0);
        assert_eq!(server.count_where("users", "1 = 1").await, 0);
    }

    async fn the_list_of_tables_is_true(backend: Backend) {
        let server = Server::start(backend).await;
        let sql = match backend {
            Backend::Postgres => {
                "SELECT tablename::text AS value FROM pg_tables WHERE schemaname = 'reeve'"
            }
            Backend::Sqlite => "SELECT name AS value FROM sqlite_schema WHERE type = 'table'",
        };
        let mut real = server.texts(sql).await;
        real.retain(|name| name != "__diesel_schema_migrations");
        real.sort();
        let mut listed = tables();
        listed.sort_unstable();
        assert_eq!(real, listed);
    }

    async fn whoever_serves_can_verify(backend: Backend) {
        let server = Server::start(backend).await;
        assert_eq!(migrate::verify(&server.service_target()).await.unwrap(), []);
        assert!(migrate::status(&server.service_target()).await.unwrap().is_current());
    }

    async fn a_newer_schema_is_refused(backend: Backend) {
        let server = Server::start(backend).await;
        server.execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('9999')").await;
        let config = server.config(&Options::default());
        for mode in [MigrateMode::Auto, MigrateMode::Verify, MigrateMode::Off] {
            match boot::schema(&config, mode).await {
                Err(boot::Refusal::Configuration(why)) => {
                    assert!(why.contains("newer") && why.contains("9999"), "{why}");
                    assert_eq!(why.lines().count(), 1);
                }
                other => panic!("{mode}: {other:?}"),
            }
        }
        let found = migrate::verify(&server.owner_target()).await.unwrap();
        assert!(found.len() == 1 && found[0].what.contains("9999"), "{found:?}");
    }

    async fn processes_that_start_together_migrate_once(backend: Backend) {
        let directory = tempfile::tempdir().unwrap();
        let target = match backend {
            Backend::Sqlite => Target::Sqlite(directory.path().join("reeve.db")),
            Backend::Postgres => {
                let url = Database::empty().await.url(OWNER).into();
                Target::Postgres { url, schema: "reeve".to_owned() }
            }
        };
        let all_at_once = async |processes| -> Vec<String> {
            let mut tasks = tokio::task::JoinSet::new();
            for _ in 0..processes {
                let target = target.clone();
                tasks.spawn(async move { migrate::up(&target, None, service_role(backend)).await });
            }
            tasks.join_all().await.into_iter().flat_map(Result::unwrap).collect()
        };
        let applied = all_at_once(4).await;
        let versions: Vec<&str> = applied.iter().map(|name| &name[..4]).collect();
        assert_eq!(versions, TABLES.iter().map(|(version, _)| *version).collect::<Vec<_>>());
        assert_eq!(migrate::verify(&target).await.unwrap(), []);
        // With nothing left to apply, rights are still granted, by one process at a time.
        assert!(all_at_once(8).await.is_empty());
    }

    async fn drift_made_by_hand_is_found(backend: Backend) {
        let server = Server::start(backend).await;
        let cases: &[(&str, &str, &str)] = match backend {
            Backend::Postgres => &[
                ("DROP TRIGGER on_auth_user_created ON users", "trigger users.on_auth_user_created", "is missing"),
                ("ALTER TABLE events DISABLE TRIGGER events_append_only", "trigger events.events_append_only", "differs"),
                ("ALTER TABLE sessions DISABLE ROW LEVEL SECURITY", "table sessions", "differs"),
                ("ALTER TABLE tenants NO FORCE ROW LEVEL SECURITY", "table tenants", "differs"),
                ("ALTER TABLE users DROP CONSTRAINT users_home_profile", "constraint users.users_home_profile", "is missing"),
                ("DROP INDEX tenant_domains_one_tenant", "index tenant_domains_one_tenant", "is missing"),
                ("DROP POLICY keys_system ON keys", "policy keys.keys_system", "is missing"),
                ("ALTER TABLE users ALTER COLUMN email DROP NOT NULL", "column users.email", "differs"),
                ("CREATE TABLE notes (id int)", "table notes", "is not ours"),
                ("CREATE FUNCTION noted() RETURNS int LANGUAGE sql AS 'SELECT 1'", "function noted", "is not ours"),
            ],
            Backend::Sqlite => &[
                ("DROP TRIGGER on_auth_user_created", "trigger on_auth_user_created", "is missing"),
                ("DROP TRIGGER user_profiles_keep_home", "trigger user_profiles_keep_home", "is missing"),
                ("DROP INDEX tenant_domains_one_tenant", "index tenant_domains_one_tenant", "is missing"),
                ("DROP TABLE mail_outbox", "table mail_outbox", "is missing"),
                ("ALTER TABLE tenants ADD COLUMN note TEXT", "table tenants", "differs"),
                ("CREATE TABLE notes (id INTEGER)", "table notes", "is not ours"),
            ],
        };
        for (sql, _, _) in cases {
            server.execute(sql).await;
        }
        let found = migrate::verify(&server.owner_target()).await.unwrap();
        for (sql, name, how) in cases {
            let named = |what: &str| {
                let rest = what.strip_prefix(name);
                rest.is_some_and(|rest| rest.trim_start().starts_with(how))
            };
            assert!(found.iter().any(|one| named(&one.what)), "{sql}: {found:?}");
        }
        assert!(found.iter().all(|one| !one.mend.is_empty()));
        let config = server.config(&Options::default());
        let refused = boot::schema(&config, MigrateMode::Verify).await;
        assert!(matches!(refused, Err(boot::Refusal::Configuration(_))), "{refused:?}");
    }
}
