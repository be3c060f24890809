//! The two databases behind one handle.

use crate::model::{Error, Reason, Result};
use deadpool::{
    Runtime,
    managed::{Manager, TimeoutType, Timeouts},
};
use diesel::{ConnectionError, ConnectionResult, sqlite::SqliteConnection};
use diesel_async::{
    AsyncPgConnection, SimpleAsyncConnection as _, TransactionManager,
    pooled_connection::{
        AsyncDieselConnectionManager, ManagerConfig, PoolableConnection, RecyclingMethod,
        deadpool::{Object, Pool, PoolError},
    },
    sync_connection_wrapper::{SpawnBlocking, SyncConnectionWrapper},
};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

pub(super) type PgConn = AsyncPgConnection;
pub(super) type LiteConn = SyncConnectionWrapper<SqliteConnection, Exec>;

const PG_POOL: usize = 16;
const SQLITE_READERS: usize = 4;
/// How long a request waits for a connection before it is told that the database is away; not
/// for SQLite's one writer, whose queue is what a row's lock is elsewhere.
const POOL_WAIT: Duration = Duration::from_secs(2);

/// Which database to use.
#[derive(Clone)]
pub enum Target {
    Sqlite(PathBuf),
    /// A `postgres://` URL, several hosts allowed; holds a password.
    Postgres {
        url: secrecy::SecretString,
        schema: String,
    },
}

/// How a SQLite statement, which takes microseconds, is run without a hop to another thread.
#[derive(Clone, Copy)]
pub(super) enum Exec {
    /// On the calling worker: readers, which never wait for a lock in WAL mode.
    Inline,
    /// On the calling worker, after telling tokio to move its other tasks away: the writer,
    /// which waits for the disk.
    InPlace,
}

impl SpawnBlocking for Exec {
    fn spawn_blocking<'a, R: Send + 'static>(
        &mut self,
        task: impl FnOnce() -> R + Send + 'static,
    ) -> futures_core::future::BoxFuture<'a, Result<R, Box<dyn std::error::Error + Send + Sync>>>
    {
        let multi_threaded = || {
            tokio::runtime::Handle::try_current().is_ok_and(|handle| {
                handle.runtime_flavor() == tokio::runtime::RuntimeFlavor::MultiThread
            })
        };
        let result = match self {
            Self::InPlace if multi_threaded() => tokio::task::block_in_place(task),
            Self::InPlace | Self::Inline => task(),
        };
        Box::pin(std::future::ready(Ok(result)))
    }
    fn get_runtime() -> Self {
        Self::InPlace
    }
}

/// The database: pools of connections, opened as they are needed.
#[derive(Clone)]
pub struct Db(pub(super) Pools);

#[derive(Clone)]
pub(super) enum Pools {
    Pg { pool: Pool<PgConn>, schema: Arc<str> },
    Sqlite { writer: Pool<LiteConn>, readers: Pool<LiteConn> },
}

impl Db {
    pub fn open(target: &Target) -> Result<Self> {
        match target {
            Target::Postgres { url, schema } => {
                let pool = pg_pool(url)?;
                Ok(Self(Pools::Pg { pool, schema: schema.as_str().into() }))
            }
            Target::Sqlite(path) => {
                create_private(path)?;
                Ok(Self(Pools::Sqlite {
                    writer: sqlite_pool(path, Exec::InPlace, 1)?,
                    readers: sqlite_pool(path, Exec::Inline, SQLITE_READERS)?,
                }))
            }
        }
    }

    /// `postgresql` or `sqlite`.
    pub fn engine(&self) -> &'static str {
        match self.0 {
            Pools::Pg { .. } => "postgresql",
            Pools::Sqlite { .. } => "sqlite",
        }
    }

    /// Closes idle connections and refuses new ones.
    pub fn close(&self) {
        match &self.0 {
            Pools::Pg { pool, .. } => pool.close(),
            Pools::Sqlite { writer, readers } => {
                writer.close();
                readers.close();
            }
        }
    }
}

fn pg_pool(url: &secrecy::SecretString) -> Result<Pool<PgConn>> {
    use secrecy::ExposeSecret as _;
    let mut config = ManagerConfig::<PgConn>::default();
    config.recycling_method = RecyclingMethod::Fast;
    config.custom_setup = Box::new(|url| {
        let url = url.to_owned();
        Box::pin(async move { connect_pg(&url).await })
    });
    let manager = AsyncDieselConnectionManager::new_with_config(url.expose_secret(), config);
    build_pool(manager, PG_POOL)
}

fn sqlite_pool(path: &Path, exec: Exec, size: usize) -> Result<Pool<LiteConn>> {
    let mut config = ManagerConfig::<LiteConn>::default();
    config.recycling_method = RecyclingMethod::Fast;
    config.custom_setup = Box::new(move |path| {
        let path = path.to_owned();
        Box::pin(async move { connect_sqlite(&path, exec).await })
    });
    let path = path.to_str().ok_or_else(|| Error::internal("the database path is not UTF-8"))?;
    build_pool(AsyncDieselConnectionManager::new_with_config(path, config), size)
}

fn build_pool<C>(manager: AsyncDieselConnectionManager<C>, size: usize) -> Result<Pool<C>>
where
    C: PoolableConnection + 'static,
    AsyncDieselConnectionManager<C>: Manager<Type = C>,
{
    Pool::builder(manager)
        .max_size(size)
        .wait_timeout(Some(POOL_WAIT))
        .create_timeout(Some(Duration::from_secs(5)))
        .runtime(Runtime::Tokio1)
        .build()
        .map_err(Error::internal)
}

/// Connects to PostgreSQL: TLS where the server offers it (`sslmode=require` to insist), and
/// the first host that takes writes when the URL names several.
pub(super) async fn connect_pg(url: &str) -> ConnectionResult<PgConn> {
    let refused = |error: &dyn std::error::Error| ConnectionError::BadConnection(causes(error));
    let mut config: tokio_postgres::Config =
        url.parse().map_err(|error: tokio_postgres::Error| {
            ConnectionError::InvalidConnectionUrl(error.to_string())
        })?;
    config
        .application_name("reeve")
        .keepalives_idle(Duration::from_secs(30))
        .target_session_attrs(tokio_postgres::config::TargetSessionAttrs::ReadWrite);
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(Duration::from_secs(3));
    }
    let (client, connection) = config
        .connect(tls().map_err(|error| refused(&error))?)
        .await
        .map_err(|error| refused(&error))?;
    PgConn::try_from_client_and_connection(client, connection).await
}

/// The error with what caused it; tokio-postgres says "db error" and keeps the reason below.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}

fn tls() -> Result<tokio_postgres_rustls::MakeRustlsConnect, rustls::Error> {
    let mut roots = rustls::RootCertStore::empty();
    for certificate in rustls_native_certs::load_native_certs().certs {
        // A certificate the verifier cannot use is no reason to refuse the others.
        let _ = roots.add(certificate);
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(tokio_postgres_rustls::MakeRustlsConnect::new(config))
}

pub(super) async fn connect_sqlite(path: &str, exec: Exec) -> ConnectionResult<LiteConn> {
    use diesel::Connection as _;
    let mut conn = LiteConn::with_runtime(SqliteConnection::establish(path)?, exec);
    let read_only = match exec {
        Exec::Inline => "PRAGMA query_only = ON;",
        Exec::InPlace => "",
    };
    let setup = format!(
        "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
         PRAGMA foreign_keys = ON; {read_only}"
    );
    conn.batch_execute(&setup).await.map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(conn)
}

/// Makes the database file readable by its owner alone, before SQLite would make it wider.
pub(super) fn create_private(path: &Path) -> Result<()> {
    use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(parent)
            .map_err(|error| Error::internal(format!("cannot make the data directory: {error}")))?;
    }
    std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
        .map(drop)
        .map_err(|error| Error::internal(format!("cannot open the database file: {error}")))
}

/// A pooled connection that is closed rather than pooled when it is dropped inside a
/// transaction, as a cancelled handler does. The pool looks at a connection only when it is next
/// handed out, so an abandoned transaction would keep its locks for as long as it sits idle.
pub(super) struct Held<C: PoolableConnection + 'static>(Option<Object<C>>)
where
    AsyncDieselConnectionManager<C>: Manager<Type = C>;

impl<C: PoolableConnection + 'static> Held<C>
where
    AsyncDieselConnectionManager<C>:
        Manager<Type = C, Error = diesel_async::pooled_connection::PoolError>,
{
    pub(super) async fn take(pool: &Pool<C>) -> Result<Self> {
        pool.get().await.map(|object| Self(Some(object))).map_err(unavailable)
    }

    /// Waits for its turn for as long as there is time.
    pub(super) async fn take_in_turn(pool: &Pool<C>, remaining: Duration) -> Result<Self> {
        let timeouts = Timeouts { wait: Some(remaining), ..pool.timeouts() };
        match pool.timeout_get(&timeouts).await {
            Ok(object) => Ok(Self(Some(object))),
            Err(PoolError::Timeout(TimeoutType::Wait)) => Err(Error::new(
                Reason::DeadlineExceeded,
                "The deadline passed before the work was done.",
            )
            .with_detail("other writes took all the time")),
            Err(error) => Err(unavailable(error)),
        }
    }

    pub(super) fn get(&mut self) -> Result<&mut C> {
        self.0.as_deref_mut().ok_or_else(|| Error::internal("the connection is gone"))
    }
}

impl<C: PoolableConnection + 'static> Drop for Held<C>
where
    AsyncDieselConnectionManager<C>: Manager<Type = C>,
{
    fn drop(&mut self) {
        if let Some(mut object) = self.0.take()
            && C::TransactionManager::is_broken_transaction_manager(&mut object)
        {
            drop(Object::<C>::take(object));
        }
    }
}

fn unavailable(error: PoolError) -> Error {
    let detail = match error {
        PoolError::Timeout(TimeoutType::Wait) => "no connection became free in time".to_owned(),
        PoolError::Timeout(_) => "connecting took too long".to_owned(),
        other => other.to_string(),
    };
    Error::new(Reason::DatabaseUnavailable, "The database does not answer. Try again.")
        .retry_after(Duration::from_secs(1))
        .with_detail(detail)
}

/// The user that a PostgreSQL URL names.
pub fn user_of(url: &secrecy::SecretString) -> Option<String> {
    use secrecy::ExposeSecret as _;
    let config: tokio_postgres::Config = url.expose_secret().parse().ok()?;
    config.get_user().map(str::to_owned)
}
