//! The command line: one file a command. Each calls the operations that the RPCs call.

pub mod args;
mod completions;
mod config;
mod connect;
mod domain;
mod health;
mod invite;
mod migrate;
mod operator;
mod outcome;
mod pages;
mod print;
mod serve;
mod sync;
mod tenant;
mod version;

use crate::config::{Config, Flags, process_environment};
use args::{Cli, Command, SyncCommand};
use clap::Parser as _;
use outcome::{Failure, Outcome};
use std::{process::ExitCode, time::Duration};
use tokio::runtime::{Builder, Runtime};

/// How long work that nobody waits for may hold up the end of the process.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Runs the command that the arguments name.
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help goes to stdout and mistakes to stderr; there is nobody to tell if both fail.
            let _ = error.print();
            return outcome::usage(error.exit_code());
        }
    };
    match dispatch(&cli) {
        Ok(outcome) => outcome.into(),
        Err(failure) => failure.report(),
    }
}

fn dispatch(cli: &Cli) -> Result<Outcome, Failure> {
    match &cli.command {
        Command::Completions { shell } => completions::run(*shell),
        Command::Version(output) => version::run(*output),
        Command::Health(health) => {
            let listen = || crate::config::listen_address(Flags::from(cli), process_environment());
            block_on(health::run(health, listen))
        }
        command => {
            let config = Config::load(Flags::from(cli), process_environment())?;
            block_on(configured(command, &config)).map_err(|failure| failure.at(&config))
        }
    }
}

/// The commands that need to know everything they were told.
async fn configured(command: &Command, config: &Config) -> Result<Outcome, Failure> {
    if cfg!(reeve_unscoped) {
        return Err(Failure::message("this build is for one test: it keeps no tenants apart"));
    }
    match command {
        Command::Serve(_) => serve::run(config).await,
        Command::Migrate { command } => migrate::run(command, config).await,
        Command::Status(status) | Command::Sync { command: SyncCommand::Status(status) } => {
            sync::status(*status, config).await
        }
        Command::CreateProfile(asked)
        | Command::Sync { command: SyncCommand::CreateProfile(asked) } => {
            sync::create_profile(asked, config).await
        }
        Command::Config { command: args::Config::Show(output) } => config::show(*output, config),
        Command::Operator { command } => operator::run(command, config).await,
        Command::Tenant { command: args::Tenant::Create(asked) } => {
            tenant::create(asked, config).await
        }
        Command::Tenant { command: args::Tenant::List(output) } => {
            tenant::list(*output, config).await
        }
        Command::Invite { command: args::Invite::Create(asked) } => {
            invite::create(asked, config).await
        }
        Command::Domain { command } => domain::run(command, config).await,
        Command::Health(_) | Command::Completions { .. } | Command::Version(_) => Ok(Outcome::Done),
    }
}

fn block_on(work: impl Future<Output = Result<Outcome, Failure>>) -> Result<Outcome, Failure> {
    let runtime: Runtime = Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::message(format!("cannot start: {error}")))?;
    let outcome = runtime.block_on(work);
    runtime.shutdown_timeout(LAST_WORDS);
    outcome
}
