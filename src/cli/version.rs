//! `reeve version`.

use super::{
    args::Output,
    outcome::{Failure, Outcome},
    print,
};
use crate::db::migrate;
use serde::Serialize;

#[derive(Serialize)]
struct Build {
    version: &'static str,
    commit: &'static str,
    schema: &'static str,
}

pub(super) fn run(output: Output) -> Result<Outcome, Failure> {
    let this = Build {
        version: env!("CARGO_PKG_VERSION"),
        commit: env!("REEVE_COMMIT"),
        schema: migrate::latest_version(),
    };
    print::either(output, &this, || {
        format!("reeve {} (commit {}, schema {})", this.version, this.commit, this.schema)
    })?;
    Ok(Outcome::Done)
}
