//! `reeve migrate test`: tries the guards of the schema; nothing of it stays.

use super::{Failure, Outcome, print};
use crate::{
    cli::{args::Output, connect},
    config::Config,
    ops::self_test,
};
use serde::Serialize;
use std::time::Instant;

#[derive(Serialize)]
struct Shown {
    passed: bool,
    milliseconds: f64,
}

pub(super) async fn run(output: Output, config: &Config) -> Result<Outcome, Failure> {
    let cx = connect::open(config).await?;
    let begun = Instant::now();
    self_test::exercise_fences(&cx).await.map_err(|error| {
        Failure::with_hint(&error, "'reeve migrate verify' names what differs in the schema")
    })?;
    let milliseconds = (begun.elapsed().as_secs_f64() * 1e4).round() / 10.0;
    let shown = Shown { passed: true, milliseconds };
    print::either(output, &shown, || {
        format!(
            "Schema test passed in {milliseconds:.1} ms: an account gets its profile, and its \
             profile cannot be taken away; rolled back"
        )
    })?;
    Ok(Outcome::Done)
}
