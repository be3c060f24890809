//! `reeve completions`.

use super::{
    args::Cli,
    outcome::{Failure, Outcome},
    print,
};
use clap::CommandFactory as _;
use clap_complete::Shell;

pub(super) fn run(shell: Shell) -> Result<Outcome, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "reeve", &mut script);
    print::text_of(&String::from_utf8_lossy(&script))?;
    Ok(Outcome::Done)
}
