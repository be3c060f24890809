//! `reeve migrate …`. The schema is changed as its owner, and verified as the role that serves.

mod down;
mod status;
mod test;
mod up;
mod verify;

use super::{
    args,
    outcome::{Failure, Outcome},
    print,
};
use crate::{config::Config, db::migrate, model::Error};

pub(super) async fn run(command: &args::Migrate, config: &Config) -> Result<Outcome, Failure> {
    match command {
        args::Migrate::Status(output) => status::run(*output, config).await,
        args::Migrate::Verify { dry_run, sql, output } => {
            let shown = match (dry_run, sql) {
                (false, _) => verify::Plan::Hidden,
                (true, false) => verify::Plan::Names,
                (true, true) => verify::Plan::Sql,
            };
            verify::run(shown, *output, config).await
        }
        args::Migrate::Up { to, output } => up::run(version(*to)?, *output, config).await,
        args::Migrate::Down { to, confirm, allow_data_loss, output } => {
            let consent = match (confirm, allow_data_loss) {
                (false, _) => down::Consent::None,
                (true, false) => down::Consent::WithoutLoss,
                (true, true) => down::Consent::WithLoss,
            };
            down::run(version(*to)?, consent, *output, config).await
        }
        args::Migrate::Test(output) => test::run(*output, config).await,
    }
}

/// A migration that failed was rolled back; those before it stay.
#[allow(clippy::needless_pass_by_value, reason = "it stands in map_err")]
fn stopped(error: Error) -> Failure {
    Failure::with_hint(&error, "'reeve migrate status' shows how far it came")
}

/// The version as migrations spell it; one that does not exist is a mistake.
fn version(number: Option<u32>) -> Result<Option<String>, Failure> {
    let Some(number) = number else { return Ok(None) };
    let version = format!("{number:04}");
    if number == 0 || migrate::TABLES.iter().any(|(known, _)| *known == version) {
        return Ok(Some(version));
    }
    let latest = migrate::latest_version();
    Err(Failure::usage(format!("--to: there is no migration {number}; the newest is {latest}")))
}
