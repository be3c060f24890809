//! Configuration: flag over environment over file over default, and all problems at once.
//!
//! The file that `--config` names is TOML. Its keys are the variables' names in lower case, on one
//! level: `reeve_listen = "127.0.0.1:50051"`. Secrets can be read from a file of their own by
//! adding `_FILE` to the name (`_file` in the TOML file).

mod database;
mod file;
mod lifetimes;
mod mail;
mod names;
mod placeholder;
mod refuse;
mod security;
mod server;
mod show;
mod source;
#[cfg(test)]
mod tests;

pub use database::{Database, DatabaseTarget, MigrateMode, describe_postgres};
pub use lifetimes::Lifetimes;
pub use mail::{Mail, MailTarget};
pub use security::{Environment, Security};
pub use server::{Log, Server};
pub use show::{Row, show};
pub use source::{Flags, Source};

use std::{fmt, net::SocketAddr};

/// Everything the program was told. Secrets are `SecretString`s, which `Debug` does not print.
#[derive(Debug, Clone)]
pub struct Config {
    pub server: Server,
    pub database: Database,
    pub security: Security,
    pub lifetimes: Lifetimes,
    pub mail: Mail,
    pub log: Log,
    rows: Vec<Row>,
}

/// The listener's address alone, for a probe: it must work without the secrets of the server.
pub fn listen_address(
    flags: Flags,
    environment: impl Iterator<Item = (String, String)>,
) -> Result<SocketAddr, Problems> {
    let mut lookup = source::Lookup::new(flags, environment);
    let address = server::listen(&mut lookup);
    lookup.finish().map(|_| address)
}

impl Config {
    /// Reads and checks every setting. The caller ends with exit code 78 on problems.
    pub fn load(
        flags: Flags,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, Problems> {
        let mut lookup = source::Lookup::new(flags, environment);
        let environment = Environment::read(&mut lookup);
        let database = Database::read(&mut lookup, environment);
        let security = Security::read(&mut lookup, environment, &database.target);
        let mut config = Self {
            server: Server::read(&mut lookup, environment),
            lifetimes: Lifetimes::read(&mut lookup),
            mail: Mail::read(&mut lookup, environment, &database.data_dir),
            log: Log::read(&mut lookup, security.development_mode),
            database,
            security,
            rows: Vec::new(),
        };
        refuse::anywhere(&mut lookup, &config);
        refuse::production(&mut lookup, &config);
        config.rows = lookup.finish()?;
        Ok(config)
    }

    pub fn is_production(&self) -> bool {
        self.security.environment.is_production()
    }
}

/// The process environment. Names that are not Unicode cannot be ours; values that are not are
/// refused when they are looked up.
pub fn process_environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(name, value)| {
        Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))
    })
}

/// Why the configuration is refused: every reason, one line each, without any secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(Vec<String>);

impl Problems {
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for Problems {}
