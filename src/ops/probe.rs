//! What the health probes know, asked in the background.

use crate::{
    access::{Scope, SystemUse},
    app::App,
    db::{Db, health, health::RoleRights, migrate},
    model::{Result, budget::Budget},
};
use std::{sync::Arc, time::Duration};

const PATIENCE: Duration = Duration::from_secs(2);

/// Whether the database answers in time with the schema that this binary expects. `db` is the
/// probe's own, so that a server whose connections are all in use is not taken for a dead one.
pub async fn schema_is_current(db: &Db) -> Result<bool> {
    let version = db.read(scope(), &budget(), async |tx| health::schema_version(tx).await).await?;
    Ok(version == migrate::latest_version())
}

/// The rights of the role that serves; `None` where the database has no roles.
pub async fn role_rights(app: &App) -> Result<Option<RoleRights>> {
    app.db.read(scope(), &budget(), async |tx| health::role_rights(tx).await).await
}

fn scope() -> Scope {
    Scope::system(SystemUse::Health)
}

fn budget() -> Arc<Budget> {
    Arc::new(Budget::lasting(PATIENCE))
}
