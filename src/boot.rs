//! From configuration to a working [`App`]: what `serve` and the commands begin with.

use crate::{
    app::{App, Parts, Settings, SystemClock, SystemRng},
    config::{Config, DatabaseTarget, MailTarget, MigrateMode},
    db::{self, Db, migrate},
    mail::{MailSpec, Transport},
    model::{
        Error, Kind,
        clock::{Clock, Rng},
    },
    ops::{self, Cx, keyring::LoadError},
    password::{Hasher, Policy},
    token::{MasterKey, TokenSettings},
};
use secrecy::{ExposeSecret as _, SecretString};
use std::{
    fmt, fs,
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::Path,
    sync::Arc,
    time::Duration,
};

/// The PostgreSQL schema that everything lives in.
const SCHEMA: &str = "reeve";
/// Hashes that may wait for each thread before more are shed.
const QUEUE_PER_THREAD: usize = 32;

/// Why the process does not start.
#[derive(Debug)]
pub enum Refusal {
    /// The operator must change something first; exit code 78.
    Configuration(String),
    /// The database is away; trying again may help.
    Unavailable(Error),
    /// A self-test failed; exit code 1.
    Failed(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Configuration(why) | Self::Failed(why) => f.write_str(why),
            Self::Unavailable(error) => match error.log_detail() {
                Some(detail) => write!(f, "{error} ({detail})"),
                None => error.fmt(f),
            },
        }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error.kind() {
            Kind::Unavailable | Kind::DeadlineExceeded => Self::Unavailable(error),
            Kind::Internal => {
                Self::Failed(error.log_detail().unwrap_or(error.message()).to_owned())
            }
            _ => Self::Failed(format!("{error:?}")),
        }
    }
}

/// Builds the app. Nothing is asked of the database yet.
pub fn app(config: &Config) -> Result<Arc<App>, Refusal> {
    app_with(config, Arc::new(SystemClock), Arc::new(SystemRng))
}

/// [`app`] with a clock and random numbers of the caller's choice.
pub fn app_with(
    config: &Config,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
) -> Result<Arc<App>, Refusal> {
    let db = Db::open(&target(&config.database.target))?;
    let master = master_key(config, rng.as_ref())?;
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    Ok(App::new(Parts {
        db,
        hasher: Hasher::new(threads, threads * QUEUE_PER_THREAD, Arc::clone(&rng)),
        passwords: Policy { min: config.security.password_min },
        tokens: TokenSettings {
            issuer: config.security.issuer.clone(),
            audience: config.security.audience.clone(),
            ttl: config.lifetimes.access,
        },
        settings: Settings {
            public_base_url: config.mail.public_base_url.clone(),
            require_verified_email: config.security.require_verified_email,
            refresh_idle: config.lifetimes.refresh_idle,
            refresh_absolute: config.lifetimes.refresh_absolute,
            verification_ttl: config.lifetimes.verification,
            invitation_ttl: config.lifetimes.invitation,
            data_dir: config.database.data_dir.clone(),
        },
        clock,
        rng,
        master,
        jwt_secret: config.security.jwt_secret.clone(),
    }))
}

/// The database as the storage layer names it.
pub fn target(target: &DatabaseTarget) -> db::Target {
    match target {
        DatabaseTarget::Sqlite(path) => db::Target::Sqlite(path.clone()),
        DatabaseTarget::Postgres(url) => {
            db::Target::Postgres { url: url.clone(), schema: SCHEMA.to_owned() }
        }
    }
}

pub fn transport(config: &Config) -> Result<Transport, Refusal> {
    let text = match &config.mail.target {
        MailTarget::Log => SecretString::from("log"),
        MailTarget::Directory => SecretString::from("directory"),
        MailTarget::Smtp(url) => url.clone(),
    };
    MailSpec::parse(text.expose_secret(), &config.mail.directory)
        .and_then(|spec| Transport::from_config(&spec))
        .map_err(Refusal::Configuration)?
        .with_from(&config.mail.from)
        .map_err(|why| Refusal::Configuration(format!("REEVE_MAIL_FROM {why}")))
}

/// The configured master key, or the one in the data directory, made there the first time.
fn master_key(config: &Config, rng: &dyn Rng) -> Result<MasterKey, Refusal> {
    let parse = |text: &str| MasterKey::parse(text.trim()).map_err(Refusal::Configuration);
    if let Some(key) = &config.security.master_key {
        return parse(key.expose_secret());
    }
    let path = config.database.data_dir.join("master.key");
    let unusable =
        |error: std::io::Error| Refusal::Configuration(format!("{}: {error}", path.display()));
    if !path.exists() {
        // The database may lie elsewhere, so opening it need not have made this directory.
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&config.database.data_dir)
            .map_err(unusable)?;
        write_new(&path, &MasterKey::generate(rng).to_base64()).map_err(unusable)?;
    }
    parse(&fs::read_to_string(&path).map_err(unusable)?)
}

/// Writes the key whole or not at all: of two processes that start together one is first, and
/// the other reads what that one wrote.
fn write_new(path: &Path, text: &str) -> std::io::Result<()> {
    let staged = path.with_extension(format!("key.{}", std::process::id()));
    let mut file =
        fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&staged)?;
    writeln!(file, "{text}")?;
    file.sync_all()?;
    let linked = fs::hard_link(&staged, path);
    fs::remove_file(&staged)?;
    match linked {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Brings the schema to where `mode` wants it, or says why not.
pub async fn schema(config: &Config, mode: MigrateMode) -> Result<(), Refusal> {
    let (serving, owner) =
        (target(&config.database.target), target(&config.database.migration_target));
    let status = migrate::status(&owner).await?;
    if !status.newer.is_empty() {
        return Err(Refusal::Configuration(format!(
            "the schema is newer than this binary ({}): run the newer binary",
            status.newer.join(", ")
        )));
    }
    let role = service_role(config);
    // A replica that finds the schema current may still be ahead of the grants.
    if mode == MigrateMode::Auto && (!status.is_current() || role.is_some()) {
        for name in migrate::up(&owner, None, role.as_deref()).await? {
            tracing::info!(migration = name, "Migration applied");
        }
    }
    let differences = match mode {
        MigrateMode::Off => return Ok(()),
        MigrateMode::Auto | MigrateMode::Verify => migrate::verify(&serving).await?,
    };
    if differences.is_empty() {
        tracing::info!("Migration verification passed");
        return Ok(());
    }
    let all: Vec<String> = differences
        .iter()
        .map(|difference| format!("{} — {}", difference.what, difference.mend))
        .collect();
    Err(Refusal::Configuration(format!("the schema is not as expected: {}", all.join("; "))))
}

/// The role that serves, where it is not the one that migrates.
pub fn service_role(config: &Config) -> Option<String> {
    let user = |target: &DatabaseTarget| match target {
        DatabaseTarget::Sqlite(_) => None,
        DatabaseTarget::Postgres(url) => db::user_of(url),
    };
    let serving = user(&config.database.target);
    serving.filter(|role| user(&config.database.migration_target).as_ref() != Some(role))
}

/// Loads the keyring, which makes it the first time.
pub async fn keyring(app: &App) -> Result<(), Refusal> {
    ops::keyring::load(app).await.map_err(|error| match error {
        LoadError::Database(error) => error.into(),
        LoadError::WrongMasterKey => Refusal::Configuration(
            "REEVE_MASTER_KEY does not open the keyring of this database: set the key that \
             sealed it; a new ring is never made in its place"
                .to_owned(),
        ),
        LoadError::Unusable(why) => Refusal::Configuration(why.to_string()),
    })
}

/// Refuses, or outside production warns of, a role that row-level security does not bind.
pub async fn check_role(app: &App, production: bool) -> Result<(), Refusal> {
    let Some(rights) = ops::probe::role_rights(app).await? else { return Ok(()) };
    if !(rights.superuser || rights.bypasses_rls || rights.owns_tables) {
        return Ok(());
    }
    let why = "the database role of DATABASE_URL is superuser, has BYPASSRLS or owns the tables, \
               so row-level security does not protect tenants: serve with a role of its own and \
               migrate with DATABASE_MIGRATION_URL";
    if production {
        return Err(Refusal::Configuration(why.to_owned()));
    }
    tracing::warn!("{why}");
    Ok(())
}

/// Tries the service on itself; nothing of it stays.
pub async fn self_test(app: &Arc<App>) -> Result<(), Refusal> {
    ops::self_test::sign_and_verify(app)?;
    let cx = Cx::command_line(app, Duration::from_secs(10));
    ops::self_test::exercise_fences(&cx).await?;
    Ok(())
}
