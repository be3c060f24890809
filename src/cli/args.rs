//! The command line: names, help texts and defaults. Nothing here does anything.

#![allow(clippy::doc_markdown, reason = "these comments are printed as help")]

use crate::{
    config::{Flags, MigrateMode},
    model::{api_key::KeyScope, invitation::Delivery, role::Role, tenant::Enrollment},
};
use clap::{
    Args, Parser, Subcommand,
    builder::{PossibleValuesParser, TypedValueParser},
};
use secrecy::SecretString;
use std::{str::FromStr, time::Duration};

#[cfg(test)]
mod tests;

const AFTER_HELP: &str = "\
Settings come from flags, then environment variables, then the file of --config, then defaults; \
'reeve config show' prints each one with its source. Secrets can also be read from the file that \
NAME_FILE names.

Exit codes: 0 done, 1 failed, 2 usage, 3 partly done, 4 drift or difference found, \
78 configuration refused.

Examples:
  reeve serve
  reeve serve --listen 127.0.0.1:50051 --config reeve.toml
  reeve tenant create acme --display-name 'Acme Ltd' --domain acme.com
  reeve migrate status --json";

/// Sign-up into the right tenant, tokens, and accounts and profiles in step, over gRPC.
#[derive(Debug, Clone, Parser)]
#[command(name = "reeve", version, arg_required_else_help = true, after_help = AFTER_HELP)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// TOML file with settings; keys are the variables' names in lower case [default: none]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<String>,
    /// sqlite://PATH or postgres://USER@HOST/DATABASE; a password here is visible to other
    /// users of the machine, so prefer the variable [env: DATABASE_URL or DATABASE_URL_FILE]
    /// [default: sqlite://DATA_DIR/reeve.db]
    #[arg(long, global = true, value_name = "URL")]
    pub database_url: Option<SecretString>,
    /// Directory of the embedded database, generated keys and mail [env: REEVE_DATA_DIR]
    /// [default: ./reeve-data]
    #[arg(long, global = true, value_name = "DIR")]
    pub data_dir: Option<String>,
}

#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Run the gRPC service until it is told to stop
    #[command(after_help = "Examples:\n  reeve serve\n  \
        reeve serve --listen 0.0.0.0:50051 --allow-plaintext --migrate verify")]
    Serve(Serve),
    /// Look at or change the schema of the database
    Migrate {
        #[command(subcommand)]
        command: Migrate,
    },
    /// Say how accounts and profiles stand; the same as sync status
    #[command(after_help = "Example:\n  reeve status --json --exit-code")]
    Status(SyncStatus),
    /// Compare accounts and profiles, and repair
    Sync {
        #[command(subcommand)]
        command: SyncCommand,
    },
    /// Make the profile of an account that lacks one; the same as sync create-profile
    #[command(after_help = CREATE_PROFILE_HELP)]
    CreateProfile(CreateProfile),
    /// Ask a running server whether it serves
    #[command(after_help = "Examples:\n  reeve health\n  \
        reeve health --service liveness --address 127.0.0.1:50051 --timeout 2s")]
    Health(Health),
    /// Look at the configuration
    Config {
        #[command(subcommand)]
        command: Config,
    },
    /// Manage platform operators
    Operator {
        #[command(subcommand)]
        command: Operator,
    },
    /// Manage tenants
    Tenant {
        #[command(subcommand)]
        command: Tenant,
    },
    /// Manage the mail domains that place people in tenants
    Domain {
        #[command(subcommand)]
        command: Domain,
    },
    /// Invite people into tenants
    Invite {
        #[command(subcommand)]
        command: Invite,
    },
    /// Print the completion script of a shell
    #[command(after_help = "Example:\n  reeve completions bash > \
        ~/.local/share/bash-completion/completions/reeve")]
    Completions { shell: clap_complete::Shell },
    /// Print the version
    Version(Output),
}

#[derive(Debug, Clone, Copy, Args)]
pub struct Output {
    /// Print JSON instead of text
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Clone, Args)]
pub struct Serve {
    /// Address of the gRPC listener [env: REEVE_LISTEN] [default: 127.0.0.1:50051]
    #[arg(long, value_name = "IP:PORT")]
    pub listen: Option<String>,
    /// Schema at start: bring it up, require it, or do not look [env: REEVE_MIGRATE]
    /// [default: auto; verify in production]
    #[arg(long, value_name = "MODE", value_parser = one_of::<MigrateMode>())]
    pub migrate: Option<MigrateMode>,
    /// Allow plaintext on an address that is not loopback [env: REEVE_ALLOW_PLAINTEXT]
    /// [default: false]
    #[arg(long)]
    pub allow_plaintext: bool,
}

#[derive(Debug, Clone, Subcommand)]
pub enum Migrate {
    /// List migrations, applied and pending
    #[command(after_help = "Example:\n  reeve migrate status --json")]
    Status(Output),
    /// Compare the schema with the expected one; exit code 4 on a difference
    #[command(
        after_help = "Examples:\n  reeve migrate verify\n  reeve migrate verify --dry-run --sql"
    )]
    Verify {
        /// Also list what migrate up would run, without running it
        #[arg(long)]
        dry_run: bool,
        /// Print the SQL of what would run
        #[arg(long, requires = "dry_run")]
        sql: bool,
        #[command(flatten)]
        output: Output,
    },
    /// Apply pending migrations [env: DATABASE_MIGRATION_URL]
    #[command(after_help = "Examples:\n  reeve migrate up\n  reeve migrate up --to 3")]
    Up {
        /// Last migration to apply [default: the newest]
        #[arg(long, value_name = "N")]
        to: Option<u32>,
        #[command(flatten)]
        output: Output,
    },
    /// Undo migrations; lists the data that would be lost [env: DATABASE_MIGRATION_URL]
    #[command(after_help = "Examples:\n  reeve migrate down --confirm\n  \
        reeve migrate down --to 0 --confirm --allow-data-loss")]
    Down {
        /// Migration to go back to, which stays applied; 0 undoes all [default: one step back]
        #[arg(long, value_name = "N")]
        to: Option<u32>,
        /// Really do it; without this the loss is only listed
        #[arg(long)]
        confirm: bool,
        /// Go on even if rows are lost
        #[arg(long, requires = "confirm")]
        allow_data_loss: bool,
        #[command(flatten)]
        output: Output,
    },
    /// Try the schema's guards inside a transaction that is rolled back
    #[command(after_help = "Example:\n  reeve migrate test --json")]
    Test(Output),
}

#[derive(Debug, Clone, Subcommand)]
pub enum SyncCommand {
    /// Say how accounts and profiles stand
    #[command(after_help = "Example:\n  reeve sync status --json --exit-code")]
    Status(SyncStatus),
    /// Make the profile of an account that lacks one
    #[command(after_help = CREATE_PROFILE_HELP)]
    CreateProfile(CreateProfile),
}

#[derive(Debug, Clone, Copy, Args)]
pub struct SyncStatus {
    /// End with code 4 if profiles are missing or left over, or their trigger is not active
    #[arg(long)]
    pub exit_code: bool,
    #[command(flatten)]
    pub output: Output,
}

const CREATE_PROFILE_HELP: &str = "Example:\n  \
    reeve create-profile 0198c2f0-7f9e-7cc0-a0c8-5f4d5d3f0b11 --tenant acme --role member";

#[derive(Debug, Clone, Args)]
pub struct CreateProfile {
    /// The account's id, a UUID
    pub user_id: String,
    /// Role in the tenant; also set if the profile exists
    /// [default: member; an existing profile keeps its role]
    #[arg(long, value_parser = one_of::<Role>())]
    pub role: Option<Role>,
    /// The tenant's short name [default: the account's home tenant]
    #[arg(long, value_name = "SLUG")]
    pub tenant: Option<String>,
    #[command(flatten)]
    pub output: Output,
}

#[derive(Debug, Clone, Args)]
pub struct Health {
    /// What to ask for: empty for the whole server, or readiness, liveness, database,
    /// user-sync or the full name of a gRPC service [default: the whole server]
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    pub service: String,
    /// Address of the server [env: REEVE_LISTEN] [default: 127.0.0.1:50051]
    #[arg(long, value_name = "IP:PORT")]
    pub address: Option<String>,
    /// How long to wait for the answer
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = humantime::parse_duration)]
    pub timeout: Duration,
}

#[derive(Debug, Clone, Subcommand)]
pub enum Config {
    /// Print every setting, masked, with its source
    #[command(
        after_help = "Examples:\n  reeve config show\n  reeve config show --config reeve.toml --json"
    )]
    Show(Output),
}

#[derive(Debug, Clone, Subcommand)]
pub enum Operator {
    /// Make a platform API key and print it, this once
    #[command(after_help = "Examples:\n  reeve operator create-key --name ann --expires 90d\n  \
        reeve operator create-key --name gateway --scope tokens:validate")]
    CreateKey {
        /// What the key is for
        #[arg(long, default_value = "operator")]
        name: String,
        /// What the key may be used for; can be repeated [default: no limit]
        #[arg(long = "scope", value_name = "SCOPE", value_parser = one_of::<KeyScope>())]
        scopes: Vec<KeyScope>,
        /// Life time, such as 12h or 90d [default: does not expire]
        #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
        expires: Option<Duration>,
        #[command(flatten)]
        output: Output,
    },
    /// List platform API keys, without what opens anything
    #[command(after_help = "Example:\n  reeve operator list-keys --json")]
    ListKeys(Output),
    /// Revoke a platform API key, for good
    #[command(after_help = "Example:\n  \
        reeve operator revoke-key 0198c2f0-7f9e-7cc0-a0c8-5f4d5d3f0b11")]
    RevokeKey {
        /// The key's id, a UUID
        id: String,
        #[command(flatten)]
        output: Output,
    },
}

#[derive(Debug, Clone, Subcommand)]
pub enum Tenant {
    /// Make a tenant
    #[command(after_help = "Examples:\n  \
        reeve tenant create acme --display-name 'Acme Ltd' --domain acme.com --seat-limit 100\n  \
        reeve tenant create globex --enrollment invite_only --owner-email gail@globex.com")]
    Create(CreateTenant),
    /// List tenants
    #[command(after_help = "Example:\n  reeve tenant list --json")]
    List(Output),
}

#[derive(Debug, Clone, Args)]
pub struct CreateTenant {
    /// Short name: 2 to 40 lower-case letters, digits and inner hyphens
    pub slug: String,
    /// Name for people to read [default: the short name]
    #[arg(long, value_name = "NAME")]
    pub display_name: Option<String>,
    /// Verified mail domain that places people here; can be repeated
    #[arg(long = "domain", value_name = "DOMAIN")]
    pub domains: Vec<String>,
    /// Address to invite by mail as the first owner [default: nobody]
    #[arg(long, value_name = "EMAIL")]
    pub owner_email: Option<String>,
    /// Where the tenant's people go after they signed in [default: none]
    #[arg(long, value_name = "URL")]
    pub home_url: Option<String>,
    /// Who may join
    #[arg(long, default_value = "domain", value_parser = one_of::<Enrollment>())]
    pub enrollment: Enrollment,
    /// How many active members there may be [default: no limit]
    #[arg(long, value_name = "N")]
    pub seat_limit: Option<u32>,
    #[command(flatten)]
    pub output: Output,
}

#[derive(Debug, Clone, Subcommand)]
pub enum Domain {
    /// Assert that a mail domain belongs to a tenant
    #[command(after_help = "Example:\n  reeve domain add acme acme.com --include-subdomains")]
    Add {
        /// The tenant's short name
        tenant_slug: String,
        /// The part of the addresses after the @
        domain: String,
        /// Also place addresses of subdomains
        #[arg(long)]
        include_subdomains: bool,
        #[command(flatten)]
        output: Output,
    },
}

#[derive(Debug, Clone, Subcommand)]
pub enum Invite {
    /// Invite an address into a tenant
    #[command(after_help = "Examples:\n  reeve invite create bob@else.org --tenant acme\n  \
        reeve invite create bob@else.org --tenant acme --role owner --delivery return_token")]
    Create(CreateInvitation),
}

#[derive(Debug, Clone, Args)]
pub struct CreateInvitation {
    /// The address to invite
    pub email: String,
    /// The tenant's short name
    #[arg(long, value_name = "SLUG")]
    pub tenant: String,
    /// Role that accepting gives
    #[arg(long, default_value = "member", value_parser = one_of::<Role>())]
    pub role: Role,
    /// Mail the link, or print it for you to pass on: it then proves no mailbox
    #[arg(long, default_value = "outbox", value_parser = one_of::<Delivery>())]
    pub delivery: Delivery,
    /// Life time, from 1h to 30d [default: that of REEVE_INVITATION_TTL]
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub expires: Option<Duration>,
    #[command(flatten)]
    pub output: Output,
}

/// Parses a closed set and lists its members in the help.
fn one_of<T: ClosedSet>() -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(T::names()).try_map(|text| T::from_str(&text))
}

trait ClosedSet: FromStr<Err = String> + Clone + Send + Sync + 'static {
    fn names() -> Vec<&'static str>;
}

macro_rules! closed_sets {
    ($($set:ty),*) => { $(
        impl ClosedSet for $set {
            fn names() -> Vec<&'static str> {
                Self::ALL.iter().map(|one| one.as_str()).collect()
            }
        }
    )* };
}

closed_sets!(MigrateMode, Role, Enrollment, Delivery, KeyScope);

impl From<&Cli> for Flags {
    fn from(cli: &Cli) -> Self {
        let global = &cli.global;
        let mut flags = Self {
            config: global.config.clone(),
            data_dir: global.data_dir.clone(),
            database_url: global.database_url.clone(),
            ..Self::default()
        };
        if let Command::Serve(serve) = &cli.command {
            flags.listen.clone_from(&serve.listen);
            flags.migrate = serve.migrate.map(|mode| mode.to_string());
            flags.allow_plaintext = serve.allow_plaintext;
        }
        flags
    }
}
