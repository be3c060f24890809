//! What the health probes know, asked in the background.

use crate::{
    access::{Scope, SystemUse},
    app::App,
    db::{fences, health, health::RoleRights, migrate},
    model::{Result, budget::Budget, sync::TriggerState},
};
use std::{sync::Arc, time::Duration};

const PATIENCE: Duration = Duration::from_secs(2);

/// Whether the database answers in time with the schema that this binary expects.
pub async fn schema_is_current(app: &App) -> Result<bool> {
    let version =
        app.db.read(scope(), &budget(), async |tx| health::schema_version(tx).await).await?;
    Ok(version == migrate::latest_version())
}

/// The fence's trigger, and the rights of the role that serves.
pub async fn fence_and_role(app: &App) -> Result<(TriggerState, Option<RoleRights>)> {
    app.db
        .read(scope(), &budget(), async |tx| {
            Ok((fences::trigger_state(tx).await?, health::role_rights(tx).await?))
        })
        .await
}

fn scope() -> Scope {
    Scope::system(SystemUse::Health)
}

fn budget() -> Arc<Budget> {
    Arc::new(Budget::lasting(PATIENCE))
}
