//! `reeve migrate up`.

use super::{Failure, Outcome, print};
use crate::{boot, cli::args::Output, config::Config, db::migrate};
use serde::Serialize;

#[derive(Serialize)]
struct Shown {
    applied: Vec<String>,
}

pub(super) async fn run(
    to: Option<String>,
    output: Output,
    config: &Config,
) -> Result<Outcome, Failure> {
    let owner = boot::target(&config.database.migration_target);
    let newer = migrate::status(&owner).await?.newer;
    if !newer.is_empty() {
        let newer = newer.join(", ");
        return Err(Failure::message(format!(
            "the schema is newer than this binary ({newer}): run the newer binary"
        )));
    }
    let role = boot::service_role(config);
    let applied =
        migrate::up(&owner, to.as_deref(), role.as_deref()).await.map_err(super::stopped)?;
    let shown = Shown { applied };
    print::either(output, &shown, || match shown.applied.as_slice() {
        [] => "nothing to apply".to_owned(),
        names => {
            let lines: Vec<String> = names.iter().map(|name| format!("applied {name}")).collect();
            lines.join("\n")
        }
    })?;
    Ok(Outcome::Done)
}
