//! `reeve migrate verify`: the schema as the serving role finds it against the expected one.

use super::{Failure, Outcome, print};
use crate::{
    boot,
    cli::args::Output,
    config::Config,
    db::{Target, migrate},
};
use serde::Serialize;

/// How much is shown of what `migrate up` would run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plan {
    Hidden,
    Names,
    Sql,
}

#[derive(Serialize)]
struct Shown {
    passed: bool,
    differences: Vec<Difference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    would_run: Option<Vec<Step>>,
}

#[derive(Serialize)]
struct Difference {
    what: String,
    mend: String,
}

#[derive(Serialize)]
struct Step {
    migration: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sql: Option<&'static str>,
}

pub(super) async fn run(plan: Plan, output: Output, config: &Config) -> Result<Outcome, Failure> {
    let target = boot::target(&config.database.target);
    let differences: Vec<Difference> = migrate::verify(&target)
        .await?
        .into_iter()
        .map(|found| Difference { what: found.what, mend: found.mend })
        .collect();
    let would_run = match plan {
        Plan::Hidden => None,
        Plan::Names | Plan::Sql => Some(steps(&target, plan).await?),
    };
    let shown = Shown { passed: differences.is_empty(), differences, would_run };
    print::either(output, &shown, || text(&shown))?;
    Ok(if shown.passed { Outcome::Done } else { Outcome::Different })
}

async fn steps(target: &Target, plan: Plan) -> Result<Vec<Step>, Failure> {
    let pending = migrate::status(target).await?.pending;
    let step = |migration: String| {
        let sql = (plan == Plan::Sql).then(|| migrate::sql_of(target, &migration)).flatten();
        Step { migration, sql }
    };
    Ok(pending.into_iter().map(step).collect())
}

fn text(shown: &Shown) -> String {
    let mut lines = Vec::new();
    if shown.passed {
        lines.push("Migration verification passed".to_owned());
    }
    for difference in &shown.differences {
        lines.push(format!("difference: {}", difference.what));
        lines.push(format!("      mend: {}", difference.mend));
    }
    for step in shown.would_run.iter().flatten() {
        lines.push(format!("-- would run {}", step.migration));
        lines.extend(step.sql.map(|sql| sql.trim_end().to_owned()));
    }
    lines.join("\n")
}
