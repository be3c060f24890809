//! `reeve migrate status`.

use super::{Failure, Outcome, print};
use crate::{boot, cli::args::Output, config::Config, db::migrate};
use serde::Serialize;

#[derive(Serialize)]
struct Shown<'a> {
    applied: &'a [String],
    pending: &'a [String],
    newer: &'a [String],
}

pub(super) async fn run(output: Output, config: &Config) -> Result<Outcome, Failure> {
    let found = migrate::status(&boot::target(&config.database.migration_target)).await?;
    let shown = Shown { applied: &found.applied, pending: &found.pending, newer: &found.newer };
    print::either(output, &shown, || {
        let lists =
            [("applied", shown.applied), ("pending", shown.pending), ("newer", shown.newer)];
        let rows: Vec<[String; 2]> = lists
            .iter()
            .flat_map(|(state, names)| names.iter().map(|name| [name.clone(), (*state).to_owned()]))
            .collect();
        print::table(["MIGRATION", "STATE"], &rows)
    })?;
    Ok(Outcome::Done)
}
