//! `reeve migrate down`: says what is lost before anything is.

use super::{Failure, Outcome, print};
use crate::{boot, cli::args::Output, config::Config, db::migrate};
use serde::Serialize;
use std::collections::BTreeMap;

/// What the operator agreed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Consent {
    None,
    WithoutLoss,
    WithLoss,
}

#[derive(Serialize)]
struct Shown {
    done: bool,
    /// Latest first, as they are undone.
    migrations: Vec<String>,
    /// Rows in the tables that go.
    rows: BTreeMap<&'static str, i64>,
}

pub(super) async fn run(
    to: Option<String>,
    consent: Consent,
    output: Output,
    config: &Config,
) -> Result<Outcome, Failure> {
    let owner = boot::target(&config.database.migration_target);
    let mut migrations = migrate::status(&owner).await?.applied;
    migrations.reverse();
    match &to {
        Some(to) => migrations.retain(|name| name.split('_').next() > Some(to)),
        None => migrations.truncate(1),
    }
    if migrations.is_empty() {
        let shown = Shown { done: true, migrations, rows: BTreeMap::new() };
        print::either(output, &shown, || "nothing to undo".to_owned())?;
        return Ok(Outcome::Done);
    }
    let rows = migrate::rows_at_risk(&owner, to.as_deref()).await?.into_iter().collect();
    let mut shown = Shown { done: false, migrations, rows };
    let lossless = shown.rows.is_empty();
    if consent == Consent::WithLoss || (consent == Consent::WithoutLoss && lossless) {
        shown.migrations = migrate::down(&owner, to.as_deref()).await.map_err(super::stopped)?;
        shown.done = true;
        print::either(output, &shown, || text("undid", &shown))?;
        return Ok(Outcome::Done);
    }
    print::either(output, &shown, || text("would undo", &shown))?;
    Err(Failure::message(match consent {
        Consent::None if lossless => "nothing was undone: repeat with --confirm",
        Consent::None => "nothing was undone: repeat with --confirm --allow-data-loss",
        _ => {
            "nothing was undone, because rows would be lost: take a backup, then repeat with \
              --allow-data-loss"
        }
    }))
}

fn text(what: &str, shown: &Shown) -> String {
    let undone = shown.migrations.iter().map(|name| format!("{what} {name}"));
    let lost = if shown.done { "lost" } else { "would lose" };
    let rows = shown.rows.iter().map(|(table, rows)| format!("{lost} {rows} rows of {table}"));
    undone.chain(rows).collect::<Vec<_>>().join("\n")
}
