//! Transactions, and the macro that compiles a query once for each database.

use super::connect::{Db, Held, LiteConn, PgConn, Pools};
use crate::{
    access::{Reach, Scope},
    model::{
        Error, Kind, Reason, Result,
        budget::Budget,
        clock::Instant,
        id::{TenantId, UserId},
    },
};
use diesel_async::{
    AnsiTransactionManager, AsyncConnection, RunQueryDsl as _, SimpleAsyncConnection as _,
    TransactionManager,
};
use std::{future::Future, sync::Arc, time::Duration};

/// An open transaction. It owns its connection and the scope it was opened with.
pub struct Tx {
    pub(super) conn: Pooled,
    scope: Scope,
    budget: Arc<Budget>,
}

pub(super) enum Pooled {
    Pg(Box<Held<PgConn>>),
    Sqlite(Held<LiteConn>),
}

/// Compiles the same query body once for each database, with the concrete connection type; the
/// second form is for the few statements that differ.
macro_rules! on {
    ($tx:expr, |$c:ident| $body:expr) => {
        on!($tx, pg | $c | $body, sqlite | $c | $body)
    };
    ($tx:expr, pg |$p:ident| $pg:expr, sqlite |$l:ident| $lite:expr $(,)?) => {{
        $tx.count_query();
        match &mut $tx.conn {
            $crate::db::tx::Pooled::Pg(held) => {
                let $p: &mut $crate::db::connect::PgConn = held.get()?;
                $pg
            }
            $crate::db::tx::Pooled::Sqlite(held) => {
                let $l: &mut $crate::db::connect::LiteConn = held.get()?;
                $lite
            }
        }
    }};
}

/// What statements are narrowed to.
#[derive(Clone, Copy)]
pub(super) enum Condition {
    Tenant(TenantId),
    Own(UserId),
    Nothing,
}

impl Condition {
    /// The tenant condition, in one place. One test job builds without it, to see that row-level
    /// security leaks nothing where it stands alone.
    pub(super) fn of(scope: Scope) -> Self {
        match scope.reach() {
            _ if cfg!(reeve_unscoped) => Self::Nothing,
            Reach::Tenant(id) => Self::Tenant(id),
            Reach::Own(id) => Self::Own(id),
            Reach::System(_) => Self::Nothing,
        }
    }
}

/// Narrows a query to the rows that the scope reaches: by the columns of the tenant and, where
/// the table has one, of the person; or by the filters that stand for them.
macro_rules! in_scope {
    ($scope:expr, $table:ident, $query:expr) => {
        in_scope!($scope, $query, tenant $table::tenant_id, own none)
    };
    ($scope:expr, $query:expr, tenant $tenant:expr, own none) => {
        in_scope!(
            $scope,
            $query,
            tenant |id| $tenant.eq(id),
            own |_id| diesel::dsl::sql::<diesel::sql_types::Bool>("1 = 0")
        )
    };
    ($scope:expr, $query:expr, tenant |$t:ident| $tenant:expr, own |$o:ident| $own:expr) => {{
        let query = $query.into_boxed();
        match $crate::db::tx::Condition::of($scope) {
            $crate::db::tx::Condition::Tenant($t) => query.filter($tenant),
            $crate::db::tx::Condition::Own($o) => query.filter($own),
            $crate::db::tx::Condition::Nothing => query,
        }
    }};
    ($scope:expr, $query:expr, tenant $tenant:expr, own $own:expr) => {
        in_scope!($scope, $query, tenant |id| $tenant.eq(id), own |id| $own.eq(id))
    };
}

/// A transaction body: it may run more than once, so nothing outside the database happens in it.
pub trait TxBody<T, R>: AsyncFn(T) -> R + Fn(T) -> <Self as TxBody<T, R>>::Fut {
    type Fut: Future<Output = R> + Send;
}
impl<F, T, Fut, R> TxBody<T, R> for F
where
    F: AsyncFn(T) -> R + Fn(T) -> Fut,
    Fut: Future<Output = R> + Send,
{
    type Fut = Fut;
}

#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Read,
    Write,
    /// A write that is rolled back at its end.
    DryRun,
}

const ATTEMPTS: u32 = 8;

tokio::task_local! {
    /// Set while a write transaction's body runs in this task.
    static WRITING: ();
}

impl Db {
    /// Runs `body` in a read-only transaction.
    pub async fn read<R, F>(&self, scope: Scope, budget: &Arc<Budget>, body: F) -> Result<R>
    where
        for<'r> F: TxBody<&'r mut Tx, Result<R>> + Sync,
    {
        self.transact(Mode::Read, scope, budget, body).await
    }

    /// Runs `body` in a transaction and commits when it returns `Ok`. A lost race is run again
    /// within the budget. What must survive a refusal is returned as `Ok`; `Err` rolls back.
    pub async fn write<R, F>(&self, scope: Scope, budget: &Arc<Budget>, body: F) -> Result<R>
    where
        for<'r> F: TxBody<&'r mut Tx, Result<R>> + Sync,
    {
        self.exclusive(Mode::Write, scope, budget, body).await
    }

    /// Runs `body` as [`Self::write`] would and rolls it back: the real run, without its effect.
    pub async fn dry_run<R, F>(&self, scope: Scope, budget: &Arc<Budget>, body: F) -> Result<R>
    where
        for<'r> F: TxBody<&'r mut Tx, Result<R>> + Sync,
    {
        self.exclusive(Mode::DryRun, scope, budget, body).await
    }

    /// A write inside a write would wait for itself, so it fails at once.
    async fn exclusive<R, F>(
        &self,
        mode: Mode,
        scope: Scope,
        budget: &Arc<Budget>,
        body: F,
    ) -> Result<R>
    where
        for<'r> F: TxBody<&'r mut Tx, Result<R>> + Sync,
    {
        if WRITING.try_with(|()| ()).is_ok() {
            return Err(Error::internal("a write transaction inside a write transaction"));
        }
        WRITING.scope((), self.transact(mode, scope, budget, body)).await
    }

    async fn transact<R, F>(
        &self,
        mode: Mode,
        scope: Scope,
        budget: &Arc<Budget>,
        body: F,
    ) -> Result<R>
    where
        for<'r> F: TxBody<&'r mut Tx, Result<R>> + Sync,
    {
        let mut attempt = 0;
        loop {
            let outcome = async {
                let mut tx = self.begin(mode, scope, budget).await?;
                match body(&mut tx).await {
                    Ok(value) if mode == Mode::DryRun => tx.rollback().await.map(|()| value),
                    Ok(value) => tx.commit().await.map(|()| value),
                    Err(error) => {
                        // The body's error is the one worth telling; a failed rollback closes
                        // the connection, which rolls back too.
                        let _ = tx.rollback().await;
                        Err(error)
                    }
                }
            }
            .await;
            match outcome {
                Err(error) if error.is_retryable() && attempt < ATTEMPTS => {
                    let wait = Duration::from_millis(1 << attempt.min(6));
                    if budget.remaining() <= wait {
                        return Err(out_of_time(error));
                    }
                    attempt += 1;
                    tokio::time::sleep(wait).await;
                }
                outcome => return outcome,
            }
        }
    }

    async fn begin(&self, mode: Mode, scope: Scope, budget: &Arc<Budget>) -> Result<Tx> {
        let remaining = budget.remaining();
        if remaining.is_zero() {
            return Err(out_of_time(Error::internal("the budget was spent before begin")));
        }
        let conn = match &self.0 {
            Pools::Pg { pool, schema } => {
                let mut held = Held::take(pool).await?;
                let begin = pg_begin(mode, scope, schema, remaining);
                AnsiTransactionManager::begin_transaction_sql(held.get()?, &begin).await?;
                Pooled::Pg(Box::new(held))
            }
            Pools::Sqlite { writer, readers } => {
                let (mut held, sql) = match mode {
                    Mode::Read => (Held::take(readers).await?, "BEGIN"),
                    Mode::Write | Mode::DryRun => {
                        (Held::take_in_turn(writer, remaining).await?, "BEGIN IMMEDIATE")
                    }
                };
                held.get()?
                    .spawn_blocking(move |c| {
                        diesel::connection::AnsiTransactionManager::begin_transaction_sql(c, sql)
                    })
                    .await?;
                Pooled::Sqlite(held)
            }
        };
        Ok(Tx { conn, scope, budget: Arc::clone(budget) })
    }
}

/// `BEGIN` with everything the transaction needs to know, in one message and one round trip.
fn pg_begin(mode: Mode, scope: Scope, schema: &str, remaining: Duration) -> String {
    let begin = match mode {
        Mode::Read => "BEGIN READ ONLY",
        Mode::Write | Mode::DryRun => "BEGIN",
    };
    let timeout = remaining.as_millis().clamp(1, 3_600_000);
    let mut sql = format!(
        "{begin}; SET LOCAL search_path = {schema}; SET LOCAL statement_timeout = {timeout}; \
         SET LOCAL idle_in_transaction_session_timeout = 60000; "
    );
    sql.push_str(&pg_setting(scope));
    sql
}

/// The one setting that row-level security reads; the others are empty outside a transaction.
fn pg_setting(scope: Scope) -> String {
    match scope.reach() {
        Reach::Tenant(id) => format!("SET LOCAL reeve.tenant_id = '{id}'"),
        Reach::Own(id) => format!("SET LOCAL reeve.user_id = '{id}'"),
        Reach::System(_) => "SET LOCAL reeve.system = 'on'".to_owned(),
    }
}

/// The setting in place of whichever stood before, in one message.
fn pg_scope(scope: Scope) -> String {
    format!(
        "SET LOCAL reeve.tenant_id = ''; SET LOCAL reeve.user_id = ''; \
         SET LOCAL reeve.system = ''; {}",
        pg_setting(scope)
    )
}

fn out_of_time(cause: Error) -> Error {
    match cause.kind() {
        Kind::Unavailable | Kind::Aborted => cause,
        _ => Error::new(Reason::DeadlineExceeded, "The deadline passed before the work was done.")
            .with_detail(format!("{cause:?}")),
    }
}

impl Tx {
    /// The scope the transaction was opened with.
    pub fn scope(&self) -> Scope {
        self.scope
    }

    /// Goes on in another scope, which the caller was granted too. Locks and rows stay; a run
    /// that is repeated begins in the first scope again.
    pub async fn enter(&mut self, scope: Scope) -> Result<()> {
        if let Pooled::Pg(held) = &mut self.conn {
            self.budget.count_query();
            held.get()?.batch_execute(&pg_scope(scope)).await?;
        }
        self.scope = scope;
        Ok(())
    }

    /// Runs one step in another scope and goes back; after an error there is nothing to go back
    /// to.
    pub async fn within<R>(
        &mut self,
        scope: Scope,
        step: impl AsyncFnOnce(&mut Self) -> Result<R>,
    ) -> Result<R> {
        let outer = self.scope;
        self.enter(scope).await?;
        let done = step(self).await?;
        self.enter(outer).await?;
        Ok(done)
    }

    pub(super) fn count_query(&self) {
        self.budget.count_query();
    }

    /// The database's own time, now rather than at the start of the transaction.
    pub async fn now(&mut self) -> Result<Instant> {
        use super::types::sql::Moment;
        use diesel::dsl::sql;
        Ok(on!(
            self,
            pg | c | diesel::select(sql::<Moment>("clock_timestamp()")).get_result(c).await,
            sqlite
                | c
                | diesel::select(sql::<Moment>("CAST(unixepoch('subsec') * 1000000 AS INTEGER)"))
                    .get_result(c)
                    .await,
        )?)
    }

    /// Refuses to write a row of a tenant that the scope does not reach.
    pub(super) fn check_tenant(&self, tenant: TenantId) -> Result<()> {
        match Condition::of(self.scope) {
            Condition::Tenant(own) if own == tenant => Ok(()),
            Condition::Nothing => Ok(()),
            Condition::Tenant(_) | Condition::Own(_) => Err(outside()),
        }
    }

    /// Refuses to write a person's row in a tenant where the scope reaches neither.
    pub(super) fn check_member(&self, tenant: TenantId, user: UserId) -> Result<()> {
        if self.reaches(tenant, user) { Ok(()) } else { Err(outside()) }
    }

    /// Refuses to write what belongs to no single tenant, unless the scope reaches all of them.
    pub(super) fn check_everywhere(&self) -> Result<()> {
        match Condition::of(self.scope) {
            Condition::Nothing => Ok(()),
            Condition::Tenant(_) | Condition::Own(_) => Err(outside()),
        }
    }

    /// Whether the scope reaches a person's row in a tenant; for what no condition can narrow.
    pub(super) fn reaches(&self, tenant: TenantId, user: UserId) -> bool {
        match Condition::of(self.scope) {
            Condition::Tenant(own) => own == tenant,
            Condition::Own(own) => own == user,
            Condition::Nothing => true,
        }
    }

    /// A refusal by the database has rolled back and may be run again; a connection that broke
    /// leaves the outcome unknown and may not.
    async fn commit(mut self) -> Result<()> {
        let outcome: Result<()> = on!(self, |c| commit(c).await);
        outcome.map_err(|error| match error.kind() {
            Kind::Unavailable => Error::new(
                Reason::DatabaseUnavailable,
                "The database went away during the commit: it may be done or not. Read first.",
            )
            .with_detail(format!("{error:?}")),
            _ => error,
        })
    }

    async fn rollback(mut self) -> Result<()> {
        on!(self, |c| rollback(c).await)
    }
}

fn outside() -> Error {
    Error::internal("a write outside of the transaction's scope")
}

async fn commit<C: AsyncConnection>(c: &mut C) -> Result<()> {
    match C::TransactionManager::commit_transaction(c).await {
        Ok(()) => Ok(()),
        Err(error) => {
            // SQLite leaves the transaction open when a deferred constraint refuses the commit.
            let _ = C::TransactionManager::rollback_transaction(c).await;
            Err(error.into())
        }
    }
}

async fn rollback<C: AsyncConnection>(c: &mut C) -> Result<()> {
    Ok(C::TransactionManager::rollback_transaction(c).await?)
}
