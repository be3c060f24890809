//! What every operation is given: who asks, and what may be spent.

use crate::{
    access::{Caller, Operator, Scope},
    app::App,
    db::{Tx, TxBody},
    model::{Result, budget::Budget, event::Actor, id::Id, source::Source},
};
use std::{net::IpAddr, sync::Arc, time::Duration};

/// The context of one request.
pub struct Cx {
    pub app: Arc<App>,
    pub caller: Caller,
    pub request_id: String,
    pub budget: Arc<Budget>,
    pub client: Client,
}

/// The program at the other end, as it appears in a list of sessions.
#[derive(Debug, Clone, Default)]
pub struct Client {
    pub ip: Option<IpAddr>,
    pub user_agent: String,
}

impl Client {
    /// Where the call comes from, as limits count it.
    pub fn source(&self) -> Source {
        Source::of(self.ip)
    }
}

impl Cx {
    /// The context of a command, run by an operator with access to the database.
    pub fn command_line(app: &Arc<App>, limit: Duration) -> Self {
        let id: crate::model::id::SubjectId = app.new_id();
        Self {
            app: Arc::clone(app),
            caller: Caller::Operator(Operator::CommandLine),
            request_id: format!("cli-{id}"),
            budget: Arc::new(Budget::lasting(limit)),
            client: Client::default(),
        }
    }

    pub async fn read<R, F>(&self, scope: Scope, body: F) -> Result<R>
    where
        for<'r> F: TxBody<&'r mut Tx, Result<R>> + Sync,
    {
        self.app.db.read(scope, &self.budget, body).await
    }

    pub async fn write<R, F>(&self, scope: Scope, body: F) -> Result<R>
    where
        for<'r> F: TxBody<&'r mut Tx, Result<R>> + Sync,
    {
        self.app.db.write(scope, &self.budget, body).await
    }

    /// [`Self::write`], or the same rolled back when the caller only wants it checked.
    pub async fn write_unless<R, F>(&self, validate_only: bool, scope: Scope, body: F) -> Result<R>
    where
        for<'r> F: TxBody<&'r mut Tx, Result<R>> + Sync,
    {
        if validate_only {
            self.app.db.dry_run(scope, &self.budget, body).await
        } else {
            self.write(scope, body).await
        }
    }

    pub fn actor(&self) -> Actor {
        self.caller.actor(&self.request_id)
    }

    pub fn new_id<I: Id>(&self) -> I {
        self.app.new_id()
    }
}
