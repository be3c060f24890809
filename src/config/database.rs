//! Which database, and who may change its schema.

use super::{security::Environment, show::MASK, source::Lookup};
use secrecy::{ExposeSecret, SecretString};
use std::path::{Path, PathBuf};

const PASSWORD_HINT: &str = "expected postgres://USER:PASSWORD@HOST[,HOST…]/DATABASE; special \
                             characters in the password must be percent-encoded";

#[derive(Debug, Clone)]
pub enum DatabaseTarget {
    Sqlite(PathBuf),
    /// A URL with its password; `describe` is what may be shown.
    Postgres(SecretString),
}

/// What happens to the schema at start-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MigrateMode {
    Auto,
    Verify,
    Off,
}

crate::closed_set!(MigrateMode { Auto = "auto", Verify = "verify", Off = "off" });

#[derive(Debug, Clone)]
pub struct Database {
    pub target: DatabaseTarget,
    /// The owner's connection for migrations; the same as `target` unless it was given.
    pub migration_target: DatabaseTarget,
    pub data_dir: PathBuf,
    pub migrate: MigrateMode,
}

impl Database {
    pub(super) fn read(lookup: &mut Lookup, environment: Environment) -> Self {
        let data_dir = lookup.value(
            "REEVE_DATA_DIR",
            PathBuf::from("./reeve-data"),
            |text| Ok(PathBuf::from(text)),
            |path| path.display().to_string(),
        );
        let default = DatabaseTarget::Sqlite(data_dir.join("reeve.db"));
        let show = DatabaseTarget::describe;
        let target = lookup.value("DATABASE_URL", default, DatabaseTarget::parse, show);
        let migration = lookup.optional(
            "DATABASE_MIGRATION_URL",
            "(as DATABASE_URL)",
            DatabaseTarget::parse,
            show,
        );
        let agrees =
            migration.as_ref().is_none_or(|other| other.is_postgres() && target.is_postgres());
        if !agrees {
            let text = "has a meaning on PostgreSQL only, and both URLs must be PostgreSQL's";
            lookup.refuse("DATABASE_MIGRATION_URL", text);
        }
        let production = environment.is_production();
        let mode = if production { MigrateMode::Verify } else { MigrateMode::Auto };
        let parse = |text: &str| text.trim().parse();
        let migrate = lookup.value("REEVE_MIGRATE", mode, parse, MigrateMode::to_string);
        let migration_target = migration.unwrap_or_else(|| target.clone());
        Self { target, migration_target, data_dir, migrate }
    }
}

impl DatabaseTarget {
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if postgres_rest(text).is_some() {
            return match Parts::of(text) {
                Some(_) => Ok(Self::Postgres(text.into())),
                None => Err(PASSWORD_HINT.into()),
            };
        }
        let Some(path) = text.strip_prefix("sqlite:") else {
            return Err(format!(
                "expected sqlite://PATH, or {}",
                PASSWORD_HINT.replacen("expected ", "", 1)
            ));
        };
        sqlite(path.strip_prefix("//").unwrap_or(path))
    }

    pub fn is_postgres(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// The URL without its password and its options.
    pub fn describe(&self) -> String {
        match self {
            Self::Sqlite(path) => format!("sqlite://{}", path.display()),
            Self::Postgres(url) => describe_postgres(url.expose_secret()),
        }
    }
}

/// The URL of a server as it may be logged: `postgres://user:***@host,host2:5433/db`. A URL that
/// is not understood whole is masked whole.
pub fn describe_postgres(url: &str) -> String {
    let Some(Parts { user, password, hosts, database }) = Parts::of(url) else {
        return format!("postgres://{MASK}");
    };
    let mask = if password { format!(":{MASK}") } else { String::new() };
    let login = user.map(|user| format!("{user}{mask}@")).unwrap_or_default();
    let slash = if database.is_empty() { "" } else { "/" };
    format!("postgres://{login}{hosts}{slash}{database}")
}

fn sqlite(path: &str) -> Result<DatabaseTarget, String> {
    if path.starts_with(":memory:") || path.contains("mode=memory") {
        return Err("an in-memory database is refused: accounts would be lost when the process \
                    ends; give a path"
            .into());
    }
    if path.is_empty() || path.ends_with('/') {
        return Err("expected sqlite://PATH with the path of a file".into());
    }
    if path.contains(['?', '#']) || path.starts_with("file:") {
        return Err("options are not accepted after sqlite://PATH".into());
    }
    Ok(DatabaseTarget::Sqlite(Path::new(path).to_path_buf()))
}

fn postgres_rest(url: &str) -> Option<&str> {
    url.strip_prefix("postgres://").or_else(|| url.strip_prefix("postgresql://"))
}

/// The parts of a server's URL that may be shown.
struct Parts<'a> {
    user: Option<&'a str>,
    password: bool,
    hosts: &'a str,
    database: &'a str,
}

impl<'a> Parts<'a> {
    /// `None` wherever a raw `/`, `?`, `#` or `@` in a password could have moved a piece of it
    /// into another part.
    fn of(url: &'a str) -> Option<Self> {
        let rest = postgres_rest(url)?;
        if rest.contains(|c: char| c.is_whitespace() || c.is_control() || c == '#') {
            return None;
        }
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
        if database.contains(['/', '@', ':']) || !is_query(query) {
            return None;
        }
        let (login, hosts) = match authority.split_once('@') {
            Some((login, hosts)) => (Some(login), hosts),
            None => (None, authority),
        };
        let socket = query.split('&').any(|pair| pair.starts_with("host="));
        if !(hosts.split(',').all(is_host) || hosts.is_empty() && socket) {
            return None;
        }
        let (user, password) = match login.map(|login| login.split_once(':').ok_or(login)) {
            Some(Ok((user, _))) => (Some(user), true),
            Some(Err(user)) => (Some(user), false),
            None => (None, false),
        };
        Some(Self { user, password, hosts, database })
    }
}

/// `key=value&…` with lower-case keys.
fn is_query(query: &str) -> bool {
    let is_key = |key: &str| {
        !key.is_empty() && key.bytes().all(|byte| byte == b'_' || byte.is_ascii_lowercase())
    };
    query.is_empty()
        || query.split('&').all(|pair| pair.split_once('=').is_some_and(|(key, _)| is_key(key)))
}

/// A name, an address, a bracketed IPv6 address or an encoded socket path, and perhaps a port.
fn is_host(host: &str) -> bool {
    let (name, port) = match host.rfind(']') {
        Some(end) => host.split_at(end + 1),
        None => host.split_at(host.find(':').unwrap_or(host.len())),
    };
    let named = match name.strip_prefix('[') {
        Some(address) => address
            .strip_suffix(']')
            .is_some_and(|address| address.parse::<std::net::Ipv6Addr>().is_ok()),
        None => {
            !name.is_empty()
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._%".contains(&byte))
        }
    };
    named
        && (port.is_empty()
            || port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqlite_urls() {
        for (url, path) in [
            ("sqlite://reeve.db", "reeve.db"),
            ("sqlite:///var/lib/reeve/reeve.db", "/var/lib/reeve/reeve.db"),
            ("sqlite:./x/reeve.db", "./x/reeve.db"),
        ] {
            let target = DatabaseTarget::parse(url).unwrap();
            assert!(matches!(&target, DatabaseTarget::Sqlite(found) if found == Path::new(path)));
        }
        for url in ["sqlite::memory:", "sqlite://:memory:", "sqlite://file:x?mode=memory"] {
            assert!(DatabaseTarget::parse(url).unwrap_err().contains("in-memory"), "{url}");
        }
        for url in ["sqlite://", "sqlite:", "sqlite://x?mode=ro", "mysql://u:p@h/d", "reeve.db"] {
            assert!(DatabaseTarget::parse(url).is_err(), "{url}");
        }
    }

    #[test]
    fn postgres_urls_are_shown_without_passwords() {
        for (url, shown) in [
            ("postgres://ann:hunter2@db/reeve", "postgres://ann:***@db/reeve"),
            (
                "postgresql://ann:hun%40ter2@a,b:5433,[::1]:5434/reeve?sslmode=require&password=hunter2@",
                "postgres://ann:***@a,b:5433,[::1]:5434/reeve",
            ),
            ("postgres://ann@db", "postgres://ann@db"),
            ("postgres://db:5432/reeve", "postgres://db:5432/reeve"),
            ("postgres:///reeve?host=/run/postgresql", "postgres:///reeve"),
            ("postgres://ann:a:hunter2@%2Frun%2Fpg/reeve", "postgres://ann:***@%2Frun%2Fpg/reeve"),
        ] {
            assert_eq!(DatabaseTarget::parse(url).unwrap().describe(), shown);
        }
        for url in [
            "postgres://ann:hunter2/x@db/reeve",
            "postgres://ann:12/hunter2@db/reeve",
            "postgres://ann:12/hunter2@db",
            "postgres://ann:12?hunter2@db/reeve",
            "postgres://ann:12#hunter2@db/reeve",
            "postgres://ann:x@hunter2@db/reeve",
            "postgres://ann:hunter2",
            "postgres://ann:hunter2@/reeve",
            "postgres://ann:hun ter2@db/reeve",
        ] {
            let problem = DatabaseTarget::parse(url).unwrap_err();
            assert!(!problem.contains("hunter2") && !problem.contains("ann"), "{problem}");
            assert_eq!(describe_postgres(url), "postgres://***", "{url}");
        }
    }
}
