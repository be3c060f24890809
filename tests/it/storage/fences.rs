//! Whoever writes accounts by plain SQL leaves no user without a home profile.

use crate::support::{
    Backend, Server,
    postgres::{self, SERVICE, WRITER},
    sql::as_role,
};
use reeve::model::id::UserId;
use std::{
    process::{Command, Output},
    time::{Duration, Instant},
};

const REMEDY: &str = "the sqlite3 shell is missing: run scripts/test, which installs it";

async fn with_tenant(backend: Backend) -> (Server, String) {
    let server = Server::start(backend).await;
    let tenant = server.create_tenant("acme", &["acme.com"]).await;
    (server, tenant)
}

/// The profile and the event that the trigger wrote for a user.
async fn assert_profile_and_event(server: &Server, user: &str) {
    let user = server.literal(user);
    let profile = format!("user_id = {user} AND role = 'member' AND state = 'active'");
    assert_eq!(server.count_where("user_profiles", &profile).await, 1);
    let event = format!(
        "subject_id = {user} AND kind = 'user.created' AND actor_kind = 'trigger' \
         AND position = (SELECT mver FROM user_profiles WHERE user_id = {user})"
    );
    assert_eq!(server.count_where("events", &event).await, 1);
}

async fn writer(server: &Server, sql: &str) -> Result<(), String> {
    as_role(&server.database.as_ref().unwrap().url(WRITER), sql).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_writer_leaves_profile_and_event() {
    let (server, tenant) = with_tenant(Backend::Postgres).await;
    let user = server.app.new_id::<UserId>().to_string();
    writer(&server, &server.user_insert(&tenant, &user, "ann@acme.com")).await.unwrap();
    assert_profile_and_event(&server, &user).await;

    let delete = format!("DELETE FROM user_profiles WHERE user_id = '{user}'");
    let why = writer(&server, &delete).await.unwrap_err();
    assert!(why.contains("users_home_profile"), "{why}");
    assert_eq!(server.count_where("user_profiles", "true").await, 1);

    let other = server.create_tenant("other", &[]).await;
    let moved = format!("UPDATE users SET tenant_id = '{other}' WHERE id = '{user}'");
    let why = writer(&server, &moved).await.unwrap_err();
    assert!(why.contains("users_home_profile"), "{why}");

    writer(&server, &format!("DELETE FROM users WHERE id = '{user}'")).await.unwrap();
    assert_eq!(server.count_where("user_profiles", "true").await, 0);
}

/// A trigger that is quadratic would take eight times as long a row for eight times the rows.
#[tokio::test(flavor = "multi_thread")]
async fn forty_thousand_at_once_are_not_quadratic() {
    let (server, tenant) = with_tenant(Backend::Postgres).await;
    let (client, _task) = postgres::connect(&server.database.as_ref().unwrap().url(WRITER)).await;
    client.batch_execute(crate::support::sql::SETUP).await.unwrap();
    let insert = async |prefix: &str, rows: u32| -> Duration {
        let sql = format!(
            "INSERT INTO users (id, email, email_key, tenant_id) \
             SELECT gen_random_uuid(), mail, mail, '{tenant}' FROM \
             (SELECT '{prefix}' || n || '@acme.com' AS mail FROM generate_series(1, {rows}) n) m"
        );
        let begun = Instant::now();
        client.batch_execute(&sql).await.unwrap();
        begun.elapsed() / rows
    };
    insert("first", 5_000).await;
    let small = insert("small", 5_000).await;
    let large = insert("large", 40_000).await;
    println!("a row of 5 000: {small:?}, a row of 40 000: {large:?}");
    assert!(large < small * 4, "a row of 40 000 took {large:?}, of 5 000 {small:?}");
    for table in ["users", "user_profiles", "events"] {
        let condition = if table == "events" { "kind = 'user.created'" } else { "true" };
        assert_eq!(server.count_where(table, condition).await, 50_000, "{table}");
    }
    let positions = "SELECT count(DISTINCT position) AS value FROM events";
    let head = server.number("SELECT position AS value FROM event_head").await;
    assert_eq!(server.number(positions).await, head);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_setting_nothing_is_written_or_seen() {
    let (server, tenant) = with_tenant(Backend::Postgres).await;
    let user = server.insert_user(&tenant, "ann@acme.com").await;
    let database = server.database.as_ref().unwrap();
    for role in [WRITER, SERVICE] {
        let (client, _task) = postgres::connect(&database.url(role)).await;
        let count = client.query_one("SELECT count(*) FROM reeve.user_profiles", &[]).await;
        assert_eq!(count.unwrap().get::<_, i64>(0), 0, "{role}");
        client.batch_execute("SET search_path = reeve").await.unwrap();
        let other = server.app.new_id::<UserId>().to_string();
        for (sql, said) in [
            (server.user_insert(&tenant, &other, "bob@acme.com"), "row-level security"),
            (
                format!("UPDATE users SET state = 'suspended' WHERE id = '{user}'"),
                "without a scope",
            ),
            (format!("DELETE FROM users WHERE id = '{user}'"), "without a scope"),
            ("UPDATE user_profiles SET role = 'owner'".to_owned(), "without a scope"),
            ("DELETE FROM user_profiles".to_owned(), "without a scope"),
        ] {
            let error = client.batch_execute(&sql).await.expect_err(&sql);
            let error = error.as_db_error().unwrap();
            assert_eq!(error.code().code(), "42501", "{role}: {sql}");
            assert!(error.message().contains(said), "{role}: {sql}: {}", error.message());
        }
    }
    assert_profile_and_event(&server, &user).await;
    assert_eq!(server.count_where("users", "state = 'active'").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owner_sees_the_trigger() {
    let (server, _) = with_tenant(Backend::Postgres).await;
    let shown = "trigger_name = 'on_auth_user_created' AND event_object_table = 'users' \
                 AND event_manipulation = 'INSERT' AND action_timing = 'AFTER'";
    assert_eq!(server.count_where("information_schema.triggers", shown).await, 1);
}

fn shell(server: &Server, sql: &str) -> Output {
    let path = server.data_dir.path().join("reeve.db");
    let mut shell = Command::new("sqlite3");
    shell.args(["-bail", "-cmd", ".timeout 5000"]).arg(path).arg(sql);
    shell.output().unwrap_or_else(|_| panic!("{REMEDY}"))
}

/// The shell runs with foreign keys off unless it is told otherwise.
#[tokio::test(flavor = "multi_thread")]
async fn a_sqlite_shell_leaves_profile_and_event() {
    let (server, tenant) = with_tenant(Backend::Sqlite).await;
    for (address, setting) in [("ann@acme.com", "OFF"), ("bob@acme.com", "ON")] {
        let pragma = format!("PRAGMA foreign_keys = {setting};");
        let user = server.app.new_id::<UserId>().to_string();
        let insert = server.user_insert(&tenant, &user, address);
        let inserted = shell(&server, &format!("{pragma}{insert}"));
        assert!(inserted.status.success(), "{}", String::from_utf8_lossy(&inserted.stderr));
        assert_profile_and_event(&server, &user).await;

        let user = server.literal(&user);
        for sql in [
            format!("DELETE FROM user_profiles WHERE user_id = {user}"),
            format!(
                "UPDATE user_profiles SET user_id = X'{}' WHERE user_id = {user}",
                "00".repeat(16)
            ),
            format!("UPDATE users SET tenant_id = X'{}' WHERE id = {user}", "00".repeat(16)),
        ] {
            let refused = shell(&server, &format!("{pragma}{sql}"));
            let why = String::from_utf8_lossy(&refused.stderr);
            assert!(
                !refused.status.success() && why.contains("users_home_profile"),
                "{sql}: {why}"
            );
        }
        assert_eq!(server.count_where("user_profiles", &format!("user_id = {user}")).await, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_sqlite_program_leaves_profile_and_event() {
    let (server, tenant) = with_tenant(Backend::Sqlite).await;
    for (address, pragma) in [
        ("ann@acme.com", "PRAGMA foreign_keys = OFF;"),
        ("bob@acme.com", "PRAGMA foreign_keys = ON;"),
    ] {
        let user = server.app.new_id::<UserId>().to_string();
        let insert = server.user_insert(&tenant, &user, address);
        server.execute(&format!("{pragma}{insert}")).await;
        assert_profile_and_event(&server, &user).await;
        let user = server.literal(&user);
        let delete = format!("DELETE FROM user_profiles WHERE user_id = {user}");
        let why = server.try_execute(&format!("{pragma}{delete}")).await.unwrap_err();
        assert!(why.contains("users_home_profile"), "{why}");
        assert_eq!(server.count_where("user_profiles", &format!("user_id = {user}")).await, 1);
    }
    // With its user the profile goes, where foreign keys are enforced.
    server
        .execute("PRAGMA foreign_keys = ON; DELETE FROM users WHERE email = 'bob@acme.com'")
        .await;
    assert_eq!(server.count_where("user_profiles", "true").await, 1);
}
