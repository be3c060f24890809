//! One keyring a database: made once, sealed, and never replaced by another.

use crate::support::{
    Backend, Server, hex,
    server::{Options, TestClock},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use reeve::{
    app::{App, SystemRng},
    boot,
    model::{clock::Rng, key::KeyPurpose, role::Role},
    ops::keyring::{self, LoadError},
    token::{self, MasterKey, Subject},
};
use std::sync::{Arc, Mutex};

fn foreign_key() -> Options {
    let key = MasterKey::generate(&SystemRng).to_base64().to_string();
    Options(vec![("REEVE_MASTER_KEY", key)])
}

/// Every row of the ring as text.
async fn rows(server: &Server) -> Vec<String> {
    let sql = match server.backend {
        Backend::Postgres => "SELECT keys::text AS value FROM keys ORDER BY id",
        Backend::Sqlite => {
            "SELECT hex(id) || purpose || state || algorithm || hex(sealed) AS value \
             FROM keys ORDER BY id"
        }
    };
    server.texts(sql).await
}

/// A token of one app is good for the other.
fn assert_shared(one: &App, other: &App) {
    let subject = Subject {
        user: one.new_id(),
        session: one.new_id(),
        tenant: one.new_id(),
        tenant_slug: "acme".to_owned(),
        role: Role::Member,
        email_verified: true,
        mver: 1,
    };
    let (ring, now) = (one.ring().unwrap(), one.clock.now());
    let (token, _) = token::issue(&ring, &one.tokens, &subject, now, one.rng.as_ref()).unwrap();
    assert!(token::verify(&other.ring().unwrap(), &other.tokens, now, &token).is_ok());
}

/// Keeps a copy of what could have become a key.
#[derive(Default)]
struct Recorder(Mutex<Vec<Vec<u8>>>);

impl Rng for Recorder {
    fn fill(&self, bytes: &mut [u8]) {
        SystemRng.fill(bytes);
        if bytes.len() == 32 {
            self.0.lock().unwrap().push(bytes.to_vec());
        }
    }
}

/// Everything that the database has on the disk, or would write into a dump.
async fn dump(server: &Server) -> Vec<u8> {
    if server.backend == Backend::Postgres {
        return rows(server).await.join("\n").into_bytes();
    }
    let mut bytes = Vec::new();
    for name in ["reeve.db", "reeve.db-wal"] {
        bytes.extend(std::fs::read(server.data_dir.path().join(name)).unwrap_or_default());
    }
    assert!(bytes.windows(5).any(|part| part == b"EdDSA"), "the ring is not in the file");
    bytes
}

/// One active key a purpose, and the next signing key.
fn whole_ring() -> i64 {
    i64::try_from(KeyPurpose::ALL.len()).unwrap() + 1
}

on_both! {
    async fn apps_that_start_together_make_one_ring(backend: Backend) {
        for _ in 0..5 {
            let server = Arc::new(Server::start(backend).await);
            server.execute("DELETE FROM keys").await;
            let mut tasks = tokio::task::JoinSet::new();
            for _ in 0..4 {
                let server = Arc::clone(&server);
                tasks.spawn(async move { server.another_app(&Options::default()).await.0 });
            }
            let apps = tasks.join_all().await;
            assert_eq!(server.count_where("keys", "1 = 1").await, whole_ring());
            for app in &apps {
                assert_shared(app, &apps[0]);
                assert_shared(&apps[0], app);
            }
        }
    }

    async fn the_next_signing_key_is_published(backend: Backend) {
        let server = Server::start(backend).await;
        for (condition, expected) in [
            ("purpose = 'signing' AND state = 'active'", 1),
            ("purpose = 'signing' AND state = 'next'", 1),
            ("purpose <> 'signing' AND state = 'active'", whole_ring() - 2),
            ("1 = 1", whole_ring()),
        ] {
            assert_eq!(server.count_where("keys", condition).await, expected, "{condition}");
        }
        let published = server.auth().get_jwks(reeve::pb::auth::v1::GetJwksRequest {}).await;
        assert_eq!(published.unwrap().into_inner().keys.len(), 2);
    }

    async fn another_master_key_is_refused_and_changes_nothing(backend: Backend) {
        let server = Server::start(backend).await;
        let options = foreign_key();
        let config = server.config(&options);
        let clock = Arc::new(TestClock::default());
        let app = boot::app_with(&config, clock, Arc::new(SystemRng)).unwrap();
        let whole = rows(&server).await;
        let refused = keyring::load(&app).await;
        assert!(matches!(refused, Err(LoadError::WrongMasterKey)), "{refused:?}");
        match boot::keyring(&app).await {
            Err(boot::Refusal::Configuration(why)) => {
                assert!(why.contains("REEVE_MASTER_KEY") && why.lines().count() == 1, "{why}");
            }
            other => panic!("{other:?}"),
        }
        assert!(app.ring().is_err());
        assert_eq!(rows(&server).await, whole);

        // What is missing from a ring that does not open is not made either.
        server.execute("DELETE FROM keys WHERE purpose = 'mail' OR state = 'next'").await;
        let partial = rows(&server).await;
        assert!(matches!(keyring::load(&app).await, Err(LoadError::WrongMasterKey)));
        assert_eq!(rows(&server).await, partial);

        // With the right key it is.
        keyring::load(&server.app).await.unwrap();
        assert_eq!(server.count_where("keys", "1 = 1").await, whole_ring());
    }

    async fn keys_are_sealed(backend: Backend) {
        let server = Server::start(backend).await;
        server.execute("DELETE FROM keys").await;
        let recorder = Arc::new(Recorder::default());
        let config = server.config(&Options::default());
        let app = boot::app_with(&config, Arc::new(TestClock::default()), recorder.clone());
        boot::keyring(&app.unwrap()).await.unwrap();
        assert_eq!(server.count_where("keys", "1 = 1").await, whole_ring());

        let secrets = recorder.0.lock().unwrap().clone();
        assert!(secrets.len() >= usize::try_from(whole_ring()).unwrap(), "{}", secrets.len());
        let dump = dump(&server).await;
        for secret in secrets {
            let hex = hex(&secret);
            let base64 = STANDARD.encode(&secret);
            let forms =
                [secret.clone(), hex.clone().into_bytes(), hex.to_uppercase().into(), base64.into()];
            for form in forms {
                assert!(!dump.windows(form.len()).any(|part| part == form));
            }
        }
    }
}
