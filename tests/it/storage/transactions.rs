//! What a transaction promises: all or nothing, no lock left behind, no work past the deadline.

use crate::support::{
    Backend, Server, postgres,
    seed::{budget, system_scope, tenant_id},
};
use diesel::connection::SimpleConnection as _;
use reeve::{
    db::tenants,
    model::{
        Error, Kind, Reason, Result,
        budget::Budget,
        clock::{Clock as _, Instant},
        id::TenantId,
        role::Role,
        tenant::{Enrollment, HomeUrl, Slug, Tenant, TenantState},
        text::DisplayName,
    },
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use tokio::sync::Notify;

pub fn new_tenant(server: &Server, slug: &str) -> Tenant {
    let now = Instant::from_micros(server.clock.now().as_micros());
    Tenant {
        id: server.app.new_id(),
        slug: Slug::parse("slug", slug).unwrap(),
        display_name: DisplayName::parse("name", slug).unwrap(),
        state: TenantState::Active,
        enrollment: Enrollment::Domain,
        default_role: Role::Member,
        seat_limit: None,
        mfa_required: false,
        home_url: HomeUrl::default(),
        create_time: now,
        update_time: now,
    }
}

async fn version(server: &Server, tenant: TenantId) -> i64 {
    let id = server.literal(&tenant.to_string());
    server.number(&format!("SELECT version AS value FROM tenants WHERE id = {id}")).await
}

async fn lock(server: &Server, tenant: TenantId, budget: &Arc<Budget>) -> Result<bool> {
    let db = &server.app.db;
    db.write(system_scope(), budget, async |tx| tenants::lock(tx, tenant).await).await
}

on_both! {
    async fn a_write_in_a_write_fails_at_once(backend: Backend) {
        let server = Server::start(backend).await;
        let id = tenant_id(&server.create_tenant("acme", &[]).await);
        let (server, budget) = (&server, &budget());
        let nested = server.app.db.write(system_scope(), budget, async |tx| {
            tenants::lock(tx, id).await?;
            lock(server, id, budget).await
        });
        let error = nested.await.unwrap_err();
        let why = error.log_detail().unwrap_or_default();
        assert!(why.contains("inside a write transaction"), "{error:?}");
        assert_eq!(version(server, id).await, 0);
        // A read inside a write is another connection, and allowed.
        let found = server.app.db.write(system_scope(), budget, async |_| {
            server.app.db.read(system_scope(), budget, async |tx| tenants::find(tx, id).await).await
        });
        assert!(found.await.unwrap().is_some());
    }

    async fn an_error_rolls_back(backend: Backend) {
        let server = Server::start(backend).await;
        let (one, runs) = (&new_tenant(&server, "acme"), &AtomicU32::new(0));
        let refused: Result<()> = server
            .app
            .db
            .write(system_scope(), &budget(), async |tx| {
                runs.fetch_add(1, Ordering::SeqCst);
                assert!(tenants::insert(tx, one).await?);
                assert!(tenants::find(tx, one.id).await?.is_some());
                Err(Error::new(Reason::Conflict, "changed my mind"))
            })
            .await;
        assert_eq!(refused.unwrap_err().message(), "changed my mind");
        assert_eq!(runs.load(Ordering::SeqCst), 1);
        assert_eq!(server.count_where("tenants", "1 = 1").await, 0);
    }

    async fn a_dry_run_writes_nothing(backend: Backend) {
        let server = Server::start(backend).await;
        let one = &new_tenant(&server, "acme");
        let (db, budget) = (&server.app.db, &budget());
        let insert = async |tx: &mut reeve::db::Tx| tenants::insert(tx, one).await;
        assert!(db.dry_run(system_scope(), budget, insert).await.unwrap());
        assert_eq!(server.count_where("tenants", "1 = 1").await, 0);
        let insert = async |tx: &mut reeve::db::Tx| tenants::insert(tx, one).await;
        assert!(db.write(system_scope(), budget, insert).await.unwrap());
        assert_eq!(server.count_where("tenants", "1 = 1").await, 1);
    }

    async fn a_read_cannot_write(backend: Backend) {
        let server = Server::start(backend).await;
        let one = &new_tenant(&server, "acme");
        // The refusal is said at once, not after trying again for as long as there is time.
        let budget = Arc::new(Budget::lasting(Duration::from_millis(500)));
        let insert = async |tx: &mut reeve::db::Tx| tenants::insert(tx, one).await;
        server.app.db.read(system_scope(), &budget, insert).await.unwrap_err();
        assert_eq!(server.count_where("tenants", "1 = 1").await, 0);
    }

    async fn a_cancelled_write_leaves_no_lock(backend: Backend) {
        let server = Server::start(backend).await;
        let id = tenant_id(&server.create_tenant("acme", &[]).await);
        for _ in 0..20 {
            let (budget, locked) = (&budget(), &Notify::new());
            let write = server.app.db.write(system_scope(), budget, async |tx| {
                assert!(tenants::lock(tx, id).await?);
                locked.notify_one();
                std::future::pending::<Result<()>>().await
            });
            tokio::select! {
                ended = write => panic!("a body that waits for ever ended: {ended:?}"),
                () = locked.notified() => {}
            }
        }
        assert!(lock(&server, id, &budget()).await.unwrap());
        assert_eq!(version(&server, id).await, 1);
    }

    async fn concurrent_increments_lose_none(backend: Backend) {
        let server = Arc::new(Server::start(backend).await);
        let id = tenant_id(&server.create_tenant("acme", &[]).await);
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..16 {
            let server = Arc::clone(&server);
            tasks.spawn(async move {
                for _ in 0..5 {
                    assert!(lock(&server, id, &budget()).await.unwrap());
                }
            });
        }
        tasks.join_all().await;
        assert_eq!(version(&server, id).await, 80);
    }

    async fn without_time_nothing_is_begun(backend: Backend) {
        let server = Server::start(backend).await;
        let (spent, runs) = (Arc::new(Budget::lasting(Duration::ZERO)), &AtomicU32::new(0));
        let body = async |_: &mut reeve::db::Tx| {
            runs.fetch_add(1, Ordering::SeqCst);
            Ok(())
        };
        let error = server.app.db.write(system_scope(), &spent, body).await.unwrap_err();
        assert_eq!(error.reason(), Reason::DeadlineExceeded);
        let body = async |_: &mut reeve::db::Tx| {
            runs.fetch_add(1, Ordering::SeqCst);
            Ok(())
        };
        let error = server.app.db.read(system_scope(), &spent, body).await.unwrap_err();
        assert_eq!(error.kind(), Kind::DeadlineExceeded);
        assert_eq!(runs.load(Ordering::SeqCst), 0);
    }

    /// Somebody else holds the lock for longer than the request may take.
    async fn a_statement_ends_with_its_budget(backend: Backend) {
        let server = Server::start(backend).await;
        let id = tenant_id(&server.create_tenant("acme", &[]).await);
        let short = Arc::new(Budget::lasting(Duration::from_millis(300)));
        let error = match backend {
            Backend::Postgres => {
                let url = server.database.as_ref().unwrap().url(postgres::OWNER);
                let (client, _task) = postgres::connect(&url).await;
                client.batch_execute(crate::support::sql::SETUP).await.unwrap();
                client.batch_execute("BEGIN; SELECT FROM tenants FOR UPDATE").await.unwrap();
                let error = lock(&server, id, &short).await.unwrap_err();
                client.batch_execute("COMMIT").await.unwrap();
                error
            }
            Backend::Sqlite => {
                let mut other = server.lite();
                other.batch_execute("BEGIN IMMEDIATE").unwrap();
                let error = lock(&server, id, &short).await.unwrap_err();
                other.batch_execute("COMMIT").unwrap();
                error
            }
        };
        assert_eq!(error.reason(), Reason::DeadlineExceeded, "{error:?}");
        assert!(lock(&server, id, &budget()).await.unwrap());
    }
}

/// SQLite has one writer. Who stands in its queue behind slow work is not told that the database
/// is away, but waits for as long as there is time.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_writer_waits_for_its_turn() {
    let server = Server::start(Backend::Sqlite).await;
    let id = tenant_id(&server.create_tenant("acme", &[]).await);
    let (long, began) = (budget(), Notify::new());
    let slow = server.app.db.write(system_scope(), &long, async |tx| {
        assert!(tenants::lock(tx, id).await?);
        began.notify_one();
        tokio::time::sleep(Duration::from_millis(2_500)).await;
        Ok(())
    });
    let behind = async {
        began.notified().await;
        let short = Arc::new(Budget::lasting(Duration::from_millis(300)));
        let refused = lock(&server, id, &short).await.unwrap_err();
        assert_eq!(refused.reason(), Reason::DeadlineExceeded, "{refused:?}");
        lock(&server, id, &long).await
    };
    let (slow, behind) = tokio::join!(slow, behind);
    slow.unwrap();
    assert!(behind.unwrap());
    assert_eq!(version(&server, id).await, 2);
}
