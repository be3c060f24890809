//! What a command that asks the database begins with.

use super::outcome::Failure;
use crate::{
    boot,
    config::{Config, MigrateMode},
    db::migrate::{self, Status},
    ops::Cx,
};
use std::time::Duration;

/// How long one command may take.
const LIMIT: Duration = Duration::from_secs(30);

/// Connects, and sees that the schema is this binary's. Drift made by hand is no hindrance:
/// the commands that report and repair it must run.
pub(super) async fn open(config: &Config) -> Result<Cx, Failure> {
    let app = boot::app(config)?;
    let target = boot::target(&config.database.target);
    let status = migrate::status(&target).await?;
    if !status.is_current() {
        bring_up(config, &status).await?;
    }
    Ok(Cx::command_line(&app, LIMIT))
}

/// An embedded database outside production is migrated as `serve` would do it; everything else
/// is left to the operator.
async fn bring_up(config: &Config, status: &Status) -> Result<(), Failure> {
    if !status.newer.is_empty() {
        let newer = status.newer.join(", ");
        return Err(Failure::message(format!(
            "the schema is newer than this binary ({newer}): run the newer binary"
        )));
    }
    let embedded = !config.database.target.is_postgres();
    if embedded && !config.is_production() && config.database.migrate == MigrateMode::Auto {
        return Ok(boot::schema(config, MigrateMode::Auto).await?);
    }
    let pending = status.pending.join(", ");
    Err(Failure::message(format!(
        "the schema is not current (pending: {pending}): run 'reeve migrate up'"
    )))
}
