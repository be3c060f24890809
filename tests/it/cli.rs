//! Each command, by its exit code and what it prints, on both databases.

use crate::support::{
    Backend, Server,
    postgres::{self, Database},
    program::{empty_database, environment, run},
    server::Metadata,
    sql,
};
use diesel::{Connection as _, connection::SimpleConnection as _};
use reeve::pb::{sync::v1::GetSyncStatusRequest, tenant::v1::ListDomainsRequest};
use std::path::Path;

const USER: &str = "00000000-0000-7000-8000-000000000000";

async fn alter(database: Option<&Database>, data_dir: &Path, statement: &str) {
    if let Some(database) = database {
        return sql::as_role(&database.url(postgres::OWNER), statement).await.unwrap();
    }
    let path = data_dir.join("reeve.db");
    let mut conn = diesel::SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    conn.batch_execute(statement).unwrap();
}

fn length(value: &serde_json::Value, list: &str) -> usize {
    value[list].as_array().unwrap_or_else(|| panic!("{list} in {value}")).len()
}

on_both! {
    async fn migrations_go_up_and_down(backend: Backend) {
        let (database, data_dir) = (empty_database(backend).await, tempfile::tempdir().unwrap());
        let told = environment(database.as_ref(), data_dir.path());
        let migrate = async |args: &[&str]| run(&[&["migrate"], args].concat(), &told).await;
        let state = async || {
            let shown = migrate(&["status", "--json"]).await.json();
            (length(&shown, "applied"), length(&shown, "pending"), length(&shown, "newer"))
        };
        let (_, all, _) = state().await;
        assert!(all >= 5);
        assert_eq!(state().await, (0, all, 0));
        assert_eq!(migrate(&["verify"]).await.code, 4);

        let up = migrate(&["up", "--json"]).await;
        assert_eq!((up.code, length(&up.json(), "applied")), (0, all), "{up:?}");
        assert_eq!(state().await, (all, 0, 0));
        let verified = migrate(&["verify"]).await;
        assert_eq!(verified.code, 0, "{verified:?}");
        assert!(verified.stdout.contains("Migration verification passed"));
        let tested = migrate(&["test"]).await;
        assert_eq!(tested.code, 0, "{tested:?}");

        assert_eq!(migrate(&["down"]).await.code, 1);
        assert_eq!(state().await, (all, 0, 0));
        let down = migrate(&["down", "--confirm"]).await;
        assert_eq!((down.code, state().await), (0, (all - 1, 1, 0)), "{down:?}");
        assert_eq!(migrate(&["up"]).await.code, 0);

        let statement = "ALTER TABLE tenants ADD COLUMN stray text";
        alter(database.as_ref(), data_dir.path(), statement).await;
        let drifted = migrate(&["verify", "--json"]).await;
        assert_eq!((drifted.code, drifted.json()["passed"].as_bool()), (4, Some(false)));
        assert!(drifted.stdout.contains("stray"), "{drifted:?}");
        assert_eq!(migrate(&["up", "--to", "99"]).await.code, 2);
    }

    async fn the_status_is_flat_and_profiles_are_made_once(backend: Backend) {
        let server = Server::start(backend).await;
        server.create_tenant("acme", &["acme.com"]).await;
        let user = server.sign_up("ann@acme.com").await.user.unwrap().id;
        let status = server.cli(&["status", "--json", "--exit-code"]).await;
        assert_eq!(status.code, 0, "{status:?}");
        assert!(status.stdout.contains("\"missing_profiles\": 0"), "{status:?}");
        let shown = status.json();
        assert_eq!(shown["total_auth_users"], 1);
        assert_eq!(shown["total_profiles"], 1);
        assert_eq!(shown["trigger_state"], "active");
        for key in ["unresolved_users", "orphaned_profiles", "sync_percentage"] {
            assert!(shown[key].is_number(), "{key}");
        }
        for _ in 0..2 {
            let made = server.cli(&["create-profile", &user, "--json"]).await;
            assert_eq!((made.code, &made.json()["created"]), (0, &false.into()), "{made:?}");
        }
        assert_eq!(server.cli(&["create-profile", USER]).await.code, 1);

        let on = if backend == Backend::Postgres { " ON users" } else { "" };
        server.execute(&format!("DROP TRIGGER on_auth_user_created{on}")).await;
        assert_eq!(server.cli(&["status", "--exit-code"]).await.code, 4);
        assert_eq!(server.cli(&["status"]).await.code, 0);
    }

    async fn operators_make_keys_tenants_and_domains(backend: Backend) {
        let server = Server::start(backend).await;
        let made = server.cli(&["operator", "create-key", "--name", "ann"]).await;
        assert_eq!(made.code, 0, "{made:?}");
        let key = Metadata::bearer(made.stdout.trim());
        server.sync_as(key.clone()).get_sync_status(GetSyncStatusRequest {}).await.unwrap();

        let create = ["tenant", "create", "acme", "--domain", "acme.com", "--json"];
        let tenant = server.cli(&create).await;
        assert_eq!(tenant.code, 0, "{tenant:?}");
        let id = tenant.json()["tenant"]["id"].as_str().unwrap().to_owned();
        let again = server.cli(&create).await;
        assert_eq!(again.code, 1);
        assert!(again.stderr.contains("TENANT_SLUG_TAKEN"), "{again:?}");
        let list = server.cli(&["tenant", "list", "--json"]).await;
        assert_eq!(list.json()[0]["slug"], "acme", "{list:?}");

        for _ in 0..2 {
            let added = server.cli(&["domain", "add", "acme", "acme.org"]).await;
            assert_eq!(added.code, 0, "{added:?}");
        }
        let request = ListDomainsRequest { tenant_id: id, ..Default::default() };
        let domains = server.tenant_as(key).list_domains(request).await.unwrap().into_inner();
        let mut names: Vec<_> = domains.domains.into_iter().map(|it| it.domain).collect();
        names.sort();
        assert_eq!(names, ["acme.com", "acme.org"]);
        assert_eq!(server.cli(&["domain", "add", "nobody", "acme.net"]).await.code, 1);
        let consumer = server.cli(&["domain", "add", "acme", "gmail.com"]).await;
        assert_eq!(consumer.code, 1);
        assert!(consumer.stderr.contains("DOMAIN_REFUSED"), "{consumer:?}");
        assert_eq!(server.cli(&["domain", "add", "acme"]).await.code, 2);
        // What was made by command places people.
        server.sign_up("ann@acme.org").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn health_asks_a_running_server() {
    let mut server = Server::start(Backend::Sqlite).await;
    let address = server.address.to_string();
    let ask = async |name: &str| {
        run(&["health", "--address", &address, "--service", name, "--timeout", "5s"], &[]).await
    };
    for name in ["", "readiness", "liveness"] {
        let answer = ask(name).await;
        assert_eq!((answer.code, answer.stdout.trim()), (0, "SERVING"), "{answer:?}");
    }
    assert_eq!(ask("nothing").await.code, 1);
    server.stop().await.unwrap();
    assert_eq!(ask("").await.code, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_configuration_is_shown_without_passwords() {
    let data_dir = tempfile::tempdir().unwrap();
    let mut told = environment(None, data_dir.path());
    told.push(("DATABASE_URL", "postgres://ann:hunter2@db.example/reeve".to_owned()));
    told.push(("REEVE_MASTER_KEY", crate::support::server::master_key()));
    for args in [&["config", "show"][..], &["config", "show", "--json"]] {
        let shown = run(args, &told).await;
        assert_eq!(shown.code, 0, "{shown:?}");
        assert!(shown.stdout.contains("postgres://ann:***@db.example/reeve"), "{shown:?}");
        assert!(!shown.stdout.contains("hunter2"));
        assert!(!shown.stdout.contains(&crate::support::server::master_key()));
    }
    told.push(("REEVE_LISTNE", "127.0.0.1:1".to_owned()));
    let refused = run(&["config", "show"], &told).await;
    assert_eq!(refused.code, 78);
    assert!(refused.stderr.contains("REEVE_LISTNE"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rest_needs_no_database() {
    let version = run(&["version", "--json"], &[]).await;
    assert_eq!((version.code, &version.json()["version"]), (0, &env!("CARGO_PKG_VERSION").into()));
    assert!(version.json()["schema"].as_str().is_some_and(|schema| schema >= "0005"));
    for shell in ["bash", "zsh", "fish"] {
        let script = run(&["completions", shell], &[]).await;
        assert_eq!(script.code, 0);
        assert!(script.stdout.contains("create-profile"));
    }
    assert_eq!(run(&["nothing"], &[]).await.code, 2);
    assert_eq!(run(&["--help"], &[]).await.code, 0);
}
