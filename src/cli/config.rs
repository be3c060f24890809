//! `reeve config show`.

use super::{
    args::Output,
    outcome::{Failure, Outcome},
    print,
};
use crate::config::{self, Config};

/// Every setting with its source; secrets were masked when they were read.
pub(super) fn show(output: Output, config: &Config) -> Result<Outcome, Failure> {
    let settings = config::show(config);
    print::either(output, &settings, || {
        let rows: Vec<[String; 3]> = settings
            .iter()
            .map(|row| [row.name.to_owned(), row.value.clone(), row.source.to_string()])
            .collect();
        print::table(["NAME", "VALUE", "SOURCE"], &rows)
    })?;
    Ok(Outcome::Done)
}
