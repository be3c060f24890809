//! What the program refuses to run with: exit code 78, every problem named, no secret repeated.

use super::crash::wait_until_serving;
use crate::support::{
    Backend,
    postgres::Database,
    program::{Program, environment, run},
};
use base64::Engine as _;

const SERVE: &[&str] = &["serve", "--listen", "127.0.0.1:0"];

#[tokio::test(flavor = "multi_thread")]
async fn production_with_nothing_set_names_every_problem() {
    let data_dir = tempfile::tempdir().unwrap();
    let mut told = environment(None, data_dir.path());
    told.push(("ENVIRONMENT", "production".to_owned()));
    let refused = run(SERVE, &told).await;
    assert_eq!(refused.code, 78, "{refused:?}");
    for name in ["REEVE_ISSUER", "REEVE_AUDIENCE", "PUBLIC_BASE_URL", "REEVE_MAIL"] {
        let named = refused.stderr.lines().filter(|line| line.contains(&format!(" {name} ")));
        assert_eq!(named.count(), 1, "{name} in {}", refused.stderr);
    }
    assert!(std::fs::read_dir(data_dir.path()).unwrap().next().is_none(), "something was made");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_placeholder_signs_nothing() {
    let data_dir = tempfile::tempdir().unwrap();
    let placeholder = "your-super-secret-jwt-key-change-in-production";
    for name in ["JWT_SECRET", "JWT_SECRET_KEY"] {
        let mut told = environment(None, data_dir.path());
        told.push((name, placeholder.to_owned()));
        let refused = run(SERVE, &told).await;
        assert_eq!(refused.code, 78, "{refused:?}");
        assert!(refused.stderr.contains(name) && !refused.stderr.contains(placeholder));
    }
}

on_both! {
    async fn a_wrong_master_key_opens_nothing(backend: Backend) {
        let data_dir = tempfile::tempdir().unwrap();
        let database = match backend {
            Backend::Sqlite => None,
            Backend::Postgres => Some(Database::migrated().await),
        };
        let key = |byte: u8| base64::engine::general_purpose::STANDARD.encode(
            (0..32).map(|i| byte.wrapping_mul(37).wrapping_add(u8::wrapping_mul(i, 73))).collect::<Vec<u8>>()
        );
        let mut told = environment(database.as_ref(), data_dir.path());
        told.push(("REEVE_MASTER_KEY", key(1)));
        let mut first = Program::serve(&told).await;
        wait_until_serving(&first).await;
        first.signal("TERM");
        assert_eq!(first.ended().await.code(), Some(0));

        told.push(("REEVE_MASTER_KEY", key(2)));
        let refused = run(SERVE, &told).await;
        assert_eq!(refused.code, 78, "{refused:?}");
        assert!(refused.stderr.contains("REEVE_MASTER_KEY"), "{refused:?}");

        told.push(("REEVE_MASTER_KEY", key(1)));
        wait_until_serving(&Program::serve(&told).await).await;
    }
}
