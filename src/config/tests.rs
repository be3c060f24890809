use super::*;
use secrecy::ExposeSecret;
use std::{fs, time::Duration};

const KEY: &str = "Qm7vW0p3ZtK9xB2dR5uY8hN1cL4gF6sJaEoIiTzXwVk=";
const OTHER_KEY: &str = "zT8dA5hY2mC9vN6bX3kL0wQ7rE4uP1sGfJiOoKlMnHg=";

/// A production configuration that is accepted.
const PRODUCTION: &[(&str, &str)] = &[
    ("ENVIRONMENT", "production"),
    ("REEVE_ISSUER", "https://id.example.com"),
    ("REEVE_AUDIENCE", "example"),
    ("PUBLIC_BASE_URL", "https://app.example.com"),
    ("REEVE_MAIL", "smtps://ann:hunter2@mail.example.com"),
    ("DATABASE_URL", "postgres://ann:hunter2@a,b:5433/reeve"),
    ("REEVE_MASTER_KEY", KEY),
];

fn load_with(flags: Flags, environment: &[(&str, &str)]) -> Result<Config, Problems> {
    let owned = environment.iter().map(|(name, value)| ((*name).into(), (*value).into()));
    Config::load(flags, owned)
}

fn load(environment: &[(&str, &str)]) -> Result<Config, Problems> {
    load_with(Flags::default(), environment)
}

fn production(changes: &[(&str, &str)]) -> Result<Config, Problems> {
    let kept = PRODUCTION.iter().filter(|(name, _)| changes.iter().all(|(other, _)| other != name));
    let environment: Vec<_> = kept.chain(changes).copied().collect();
    load(&environment)
}

/// The only problem, as text.
fn problem(result: Result<Config, Problems>) -> String {
    let problems = result.unwrap_err();
    assert_eq!(problems.iter().count(), 1, "{problems}");
    problems.to_string()
}

fn file(text: &str) -> (tempfile::TempDir, Flags) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("reeve.toml");
    fs::write(&path, text).unwrap();
    let config = Some(path.to_str().unwrap().to_owned());
    (dir, Flags { config, ..Flags::default() })
}

fn row<'a>(config: &'a Config, name: &str) -> (&'a str, Source) {
    let row = show(config).iter().find(|row| row.name == name).unwrap();
    (&row.value, row.source)
}

#[test]
fn the_defaults_are_for_development() {
    let config = load(&[("PATH", "/bin"), ("HOME", "\u{1b}")]).unwrap();
    assert!(!config.is_production() && !config.security.development_mode);
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:50051");
    assert_eq!(config.database.target.describe(), "sqlite://./reeve-data/reeve.db");
    assert_eq!(config.database.migration_target.describe(), "sqlite://./reeve-data/reeve.db");
    assert_eq!(config.database.migrate, MigrateMode::Auto);
    assert!(config.security.bootstrap && config.security.require_verified_email);
    assert!(config.server.reflection && !config.server.skip_pre_startup_tests);
    assert_eq!(config.server.drain_delay, Duration::ZERO);
    assert_eq!(config.server.drain_grace, Duration::from_secs(20));
    assert!(matches!(config.mail.target, MailTarget::Directory));
    assert_eq!(config.mail.directory.to_str(), Some("./reeve-data/mail"));
    assert_eq!(config.mail.public_base_url, "http://localhost:3000");
    assert_eq!(
        (config.security.issuer.as_str(), config.security.audience.as_str()),
        ("reeve", "reeve")
    );
    assert_eq!(config.security.password_min, 12);
    let names: Vec<_> = show(&config).iter().map(|row| row.name).collect();
    assert_eq!(names.len(), 32, "every variable is read: {names:?}");
    assert!(names.is_sorted_by_key(|name| names::position(name)));
    for (name, value) in [
        ("REEVE_ACCESS_TTL", "10m"),
        ("REEVE_REFRESH_IDLE", "30d"),
        ("REEVE_REFRESH_ABSOLUTE", "90d"),
        ("REEVE_VERIFICATION_TTL", "1d"),
        ("PRE_STARTUP_TEST_TIMEOUT", "30"),
        ("JWT_SECRET", "(unset)"),
        ("REEVE_TRUSTED_PROXIES", "(none)"),
        ("RUST_LOG", "info"),
    ] {
        assert_eq!(row(&config, name), (value, Source::Default));
    }
}

#[test]
fn flag_then_environment_then_file_then_default() {
    let toml = "reeve_listen = '127.0.0.1:3'\nreeve_data_dir = 'f'\nreeve_password_min = 20\n\
                reeve_reflection = false";
    let (_dir, mut flags) = file(toml);
    flags.listen = Some("127.0.0.1:1".into());
    let environment = [("REEVE_LISTEN", "127.0.0.1:2"), ("REEVE_DATA_DIR", "e")];
    let config = load_with(flags, &environment).unwrap();
    assert_eq!(row(&config, "REEVE_LISTEN"), ("127.0.0.1:1", Source::Flag));
    assert_eq!(row(&config, "REEVE_DATA_DIR"), ("e", Source::Environment));
    assert_eq!(row(&config, "REEVE_PASSWORD_MIN"), ("20", Source::File));
    assert_eq!(row(&config, "REEVE_REFLECTION"), ("false", Source::File));
    assert_eq!(row(&config, "DATABASE_URL"), ("sqlite://e/reeve.db", Source::Default));
    assert_eq!(row(&config, "REEVE_MAIL_DIR"), ("e/mail", Source::Default));
    let sender = "Reeve <no-reply@localhost>";
    assert_eq!(row(&config, "REEVE_MAIL_FROM"), (sender, Source::Default));
}

#[test]
fn secrets_are_read_from_files() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("jwt");
    let name = path.to_str().unwrap();
    fs::write(&path, format!("{KEY}\r\n")).unwrap();
    let config = load(&[("JWT_SECRET_FILE", name)]).unwrap();
    assert_eq!(config.security.jwt_secret.as_ref().unwrap().expose_secret(), KEY);
    assert_eq!(row(&config, "JWT_SECRET"), ("***", Source::Environment));

    let both = [("JWT_SECRET_FILE", name), ("JWT_SECRET", OTHER_KEY)];
    assert!(problem(load(&both)).contains("JWT_SECRET_FILE; keep one"));
    assert!(problem(load(&[("JWT_SECRET_FILE", "/no/such")])).contains("cannot be read"));
    assert!(problem(load(&[("REEVE_LISTEN_FILE", name)])).contains("did you mean REEVE_LISTEN?"));
    fs::write(&path, "\n").unwrap();
    assert!(problem(load(&[("JWT_SECRET_FILE", name)])).contains("empty"));

    fs::write(&path, KEY).unwrap();
    let (_dir, flags) = file(&format!("jwt_secret_key_file = {name:?}"));
    let config = load_with(flags, &[]).unwrap();
    assert_eq!(row(&config, "JWT_SECRET_KEY"), ("***", Source::File));
}

#[test]
fn unknown_names_and_bad_files_are_problems() {
    let text = problem(load(&[("REEVE_LISTN", "x")]));
    assert_eq!(text, "REEVE_LISTN is not a variable of reeve; did you mean REEVE_LISTEN?");
    for toml in ["reeve_listn = 'hunter2'", "REEVE_LISTEN = 'hunter2'", "[reeve]\nx = 'hunter2'"] {
        let (_dir, flags) = file(toml);
        let text = problem(load_with(flags, &[]));
        assert!(text.contains("is not a key") && !text.contains("hunter2"), "{text}");
    }
    let (_dir, flags) = file("reeve_issuer = 'x'\njwt_secret = 'hunter2\n");
    let text = problem(load_with(flags, &[]));
    assert!(text.contains("line 2") && !text.contains("hunter2"), "{text}");
    let (_dir, flags) = file("reeve_issuer = ['x']");
    assert!(problem(load_with(flags, &[])).contains("expected a string"));
    let flags = Flags { config: Some("/no/such.toml".into()), ..Flags::default() };
    assert!(problem(load_with(flags, &[])).contains("cannot be read"));
    assert!(
        load(&[("REEVE_SERVICE_HOST", "10.0.0.1"), ("REEVE_PORT", "tcp://10.0.0.1:1")]).is_ok()
    );
}

#[test]
fn all_problems_are_listed_at_once_without_values() {
    let problems = load(&[
        ("REEVE_LISTEN", "hunter2"),
        ("ENVIRONMENT", "hunter2"),
        ("DATABASE_URL", "hunter2"),
        ("REEVE_REFLECTION", "hunter2"),
        ("REEVE_MASTER_KEY", "hunter2"),
        ("JWT_SECRET", "hunter2"),
        ("REEVE_ISSUER", "\n hunter2"),
        ("REEVE_AUDIENCE", ""),
        ("PUBLIC_BASE_URL", "hunter2"),
        ("REEVE_MAIL", "hunter2"),
        ("REEVE_PASSWORD_MIN", "7"),
        ("REEVE_ACCESS_TTL", "16m"),
        ("REEVE_REFRESH_IDLE", "91d"),
        ("PRE_STARTUP_TEST_TIMEOUT", "0"),
        ("REEVE_MIGRATE", "hunter2"),
        ("REEVE_TRUSTED_PROXIES", "10.0.0.1, hunter2"),
        ("RUST_LOG", "reeve=hunter2"),
        ("REEVE_LOG_FORMAT", "hunter2"),
        ("REEVE_TYPO", "hunter2"),
    ])
    .unwrap_err();
    assert_eq!(problems.iter().count(), 19, "{problems}");
    assert_eq!(problems.to_string().lines().count(), 19);
    assert!(!problems.to_string().contains("hunter2"), "{problems}");
}

/// TK-64, R-CFG-1.
#[test]
fn weak_and_ambiguous_secrets_are_refused_everywhere() {
    let placeholder = "your-super-secret-key-change-this";
    for name in ["JWT_SECRET", "JWT_SECRET_KEY"] {
        for secret in
            [placeholder, "your-jwt-secret", "hunter2", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"]
        {
            let text = problem(load(&[(name, secret)]));
            assert!(text.starts_with(name) && !text.contains(secret), "{text}");
            assert!(production(&[(name, secret)]).is_err());
        }
    }
    let text = problem(load(&[("JWT_SECRET", KEY), ("JWT_SECRET_KEY", OTHER_KEY)]));
    assert!(text.contains("differ"));
    assert!(load(&[("JWT_SECRET", KEY), ("JWT_SECRET_KEY", KEY)]).is_ok());
    for key in ["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "c2hvcnQ=", "not base64"] {
        assert!(problem(load(&[("REEVE_MASTER_KEY", key)])).contains("openssl"), "{key}");
    }
}

/// R-CFG-2, G-59, S9.
#[test]
fn production_refuses_what_development_allows() {
    let config = production(&[]).unwrap();
    assert!(!config.security.bootstrap && !config.server.reflection);
    assert_eq!(config.database.migrate, MigrateMode::Verify);
    assert_eq!(config.server.drain_delay, Duration::from_secs(2));
    for (name, value) in [
        ("ENABLE_DEVELOPMENT_MODE", "true"),
        ("REEVE_REQUIRE_VERIFIED_EMAIL", "false"),
        ("DISABLE_BOOTSTRAP", "false"),
        ("REEVE_MAIL", "log"),
        ("PUBLIC_BASE_URL", "http://app.example.com"),
    ] {
        assert!(problem(production(&[(name, value)])).starts_with(name));
        assert!(load(&[(name, value)]).is_ok(), "{name}");
    }
    let bare = load(&[("ENVIRONMENT", "production")]).unwrap_err().to_string();
    for name in ["REEVE_ISSUER", "REEVE_AUDIENCE", "PUBLIC_BASE_URL", "REEVE_MAIL"] {
        assert!(bare.contains(&format!("{name} must be set in production")), "{bare}");
    }
    assert_eq!(bare.lines().count(), 4);
    assert!(problem(load(&[("ENVIRONMENT", "staging")])).contains("development, production"));
}

#[test]
fn some_things_are_refused_everywhere() {
    let open = ("REEVE_LISTEN", "0.0.0.0:50051");
    assert!(problem(load(&[open])).contains("REEVE_ALLOW_PLAINTEXT"));
    assert!(load(&[open, ("REEVE_ALLOW_PLAINTEXT", "true")]).is_ok());
    assert!(load(&[("REEVE_LISTEN", "[::ffff:127.0.0.1]:1")]).is_ok());
    let postgres = ("DATABASE_URL", "postgres://ann@db/reeve");
    assert!(problem(load(&[postgres])).starts_with("REEVE_MASTER_KEY is required"));
    let config = load(&[postgres, ("REEVE_MASTER_KEY", KEY)]).unwrap();
    assert!(!config.security.bootstrap);
    assert!(
        problem(load(&[("DATABASE_MIGRATION_URL", "postgres://x@h/d")])).contains("PostgreSQL")
    );
    assert!(problem(load(&[("DATABASE_URL", "sqlite::memory:")])).contains("in-memory"));
}

/// R-RL-1, G-90.
#[test]
fn proxies_are_trusted_by_address_or_network() {
    let name = "REEVE_TRUSTED_PROXIES";
    let given = "10.0.0.7,10.1.0.0/16 , fd00::/8, ::ffff:192.0.2.1, 2001:db8::1";
    let config = load(&[(name, given)]).unwrap();
    let shown = "10.0.0.7, 10.1.0.0/16, fd00::/8, 192.0.2.1, 2001:db8::1";
    assert_eq!(row(&config, name), (shown, Source::Environment));
    assert_eq!(config.server.trusted_proxies.len(), 5);
    for wrong in ["10.0.0.300", "10.0.0.1/33", "10.0.0.1,", "localhost", "10.0.0.1 10.0.0.2"] {
        assert!(problem(load(&[(name, wrong)])).contains("between commas"), "{wrong}");
    }
    for wrong in ["10.0.0.1/8", "::ffff:10.0.0.0/104"] {
        assert!(problem(load(&[(name, wrong)])).contains("first address"), "{wrong}");
    }
    for wrong in ["0.0.0.0/0", "::/0"] {
        assert!(problem(load(&[(name, wrong)])).contains("anybody"), "{wrong}");
    }
}

/// G-81.
#[test]
fn nothing_secret_is_shown() {
    let owner = ("DATABASE_MIGRATION_URL", "postgres://own:hunter2@a/reeve");
    let config = production(&[owner, ("JWT_SECRET", OTHER_KEY)]).unwrap();
    let shown = serde_json::to_string(show(&config)).unwrap() + &format!("{config:?}");
    for secret in ["hunter2", KEY, OTHER_KEY] {
        assert!(!shown.contains(secret));
    }
    assert_eq!(row(&config, "DATABASE_URL").0, "postgres://ann:***@a,b:5433/reeve");
    assert_eq!(row(&config, "DATABASE_MIGRATION_URL").0, "postgres://own:***@a/reeve");
    assert_eq!(row(&config, "REEVE_MAIL").0, "smtps://ann:***@mail.example.com");
    assert_eq!(row(&config, "REEVE_MASTER_KEY").0, "***");
    assert!(shown.contains(r#"{"name":"JWT_SECRET","value":"***","source":"environment"}"#));
}
