//! The names of all settings, and what is not one of them.

/// Every variable of this release, in the order of the dump.
const PLAIN: &[&str] = &[
    "REEVE_LISTEN",
    "REEVE_DATA_DIR",
    "DATABASE_URL",
    "DATABASE_MIGRATION_URL",
    "ENVIRONMENT",
    "ENABLE_DEVELOPMENT_MODE",
    "REEVE_REQUIRE_VERIFIED_EMAIL",
    "REEVE_REFLECTION",
    "REEVE_MASTER_KEY",
    "DISABLE_BOOTSTRAP",
    "JWT_SECRET",
    "JWT_SECRET_KEY",
    "REEVE_ISSUER",
    "REEVE_AUDIENCE",
    "PUBLIC_BASE_URL",
    "REEVE_MAIL",
    "REEVE_MAIL_DIR",
    "REEVE_MAIL_FROM",
    "REEVE_PASSWORD_MIN",
    "REEVE_ACCESS_TTL",
    "REEVE_REFRESH_IDLE",
    "REEVE_REFRESH_ABSOLUTE",
    "REEVE_VERIFICATION_TTL",
    "SKIP_PRE_STARTUP_TESTS",
    "PRE_STARTUP_TEST_TIMEOUT",
    "REEVE_MIGRATE",
    "REEVE_ALLOW_PLAINTEXT",
    "REEVE_TRUSTED_PROXIES",
    "REEVE_DRAIN_DELAY",
    "REEVE_DRAIN_GRACE",
    "RUST_LOG",
    "REEVE_LOG_FORMAT",
];

/// The same settings, read from a file that the variable names.
const BY_FILE: &[&str] = &[
    "DATABASE_URL_FILE",
    "DATABASE_MIGRATION_URL_FILE",
    "REEVE_MASTER_KEY_FILE",
    "JWT_SECRET_FILE",
    "JWT_SECRET_KEY_FILE",
    "REEVE_MAIL_FILE",
];

/// How many letters may differ for a name to count as a misspelling of another.
const TYPO_MAX: usize = 6;

pub(super) fn all() -> impl Iterator<Item = &'static str> {
    PLAIN.iter().chain(BY_FILE).copied()
}

pub(super) fn is_known(name: &str) -> bool {
    all().any(|known| known == name)
}

pub(super) fn position(name: &str) -> Option<usize> {
    PLAIN.iter().position(|known| *known == name)
}

/// The problem with an unknown name, with the nearest known one. `spell` puts the latter into the
/// spelling of the place where the former was found.
pub(super) fn unknown(name: &str, what: &str, spell: impl Fn(&str) -> String) -> String {
    let upper = name.to_ascii_uppercase();
    let near = all().map(|known| (distance(&upper, known), known)).min();
    let shown: String = name.chars().take(64).flat_map(char::escape_debug).collect();
    match near {
        Some((distance, known)) if distance <= TYPO_MAX => {
            format!("{shown} {what}; did you mean {}?", spell(known))
        }
        _ => format!("{shown} {what}"),
    }
}

/// Whether this is one of the variables that Kubernetes and Docker links put into every container
/// for a *service* called `reeve` or `reeve-…`. They are not ours and say nothing to us.
pub(super) fn is_service_link(name: &str, value: &str) -> bool {
    let is_url = ["tcp://", "udp://", "sctp://"].iter().any(|scheme| value.starts_with(scheme));
    let numbered = name
        .split_once("_PORT_")
        .is_some_and(|(_, rest)| rest.starts_with(|c: char| c.is_ascii_digit()));
    name.ends_with("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
        || (name.ends_with("_PORT") && is_url)
        || numbered
}

/// The edit distance: insertions, deletions and replacements.
fn distance(left: &str, right: &str) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.bytes().take(128).enumerate() {
        let mut diagonal = i;
        let mut last = i + 1;
        for (cell, b) in row.iter_mut().skip(1).zip(right.bytes()) {
            let next = (diagonal + usize::from(a != b)).min(last + 1).min(*cell + 1);
            diagonal = *cell;
            *cell = next;
            last = next;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        assert_eq!(distance("REEVE_LISTEN", "REEVE_LISTEN"), 0);
        assert_eq!(distance("REEVE_LISTN", "REEVE_LISTEN"), 1);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
    }

    #[test]
    fn the_nearest_name_is_offered_in_the_right_spelling() {
        let text = unknown("REEVE_LISTNE", "is unknown", str::to_owned);
        assert_eq!(text, "REEVE_LISTNE is unknown; did you mean REEVE_LISTEN?");
        let text = unknown("jwt_secrets", "is unknown", str::to_ascii_lowercase);
        assert_eq!(text, "jwt_secrets is unknown; did you mean jwt_secret?");
        let text =
            unknown("REEVE_\u{1b}[31m\nSOMETHING_ELSE_ALTOGETHER", "is unknown", str::to_owned);
        assert_eq!(text, "REEVE_\\u{1b}[31m\\nSOMETHING_ELSE_ALTOGETHER is unknown");
    }

    #[test]
    fn a_service_called_reeve_does_not_stop_the_program() {
        for (name, value) in [
            ("REEVE_SERVICE_HOST", "10.0.0.1"),
            ("REEVE_SERVICE_PORT_GRPC", "50051"),
            ("REEVE_PORT", "tcp://10.0.0.1:50051"),
            ("REEVE_PORT_50051_TCP_ADDR", "10.0.0.1"),
            ("REEVE_GRPC_SERVICE_PORT", "50051"),
        ] {
            assert!(is_service_link(name, value), "{name}");
        }
        assert!(!is_service_link("REEVE_PORT", "50051"));
        assert!(!is_service_link("REEVE_LISTNE", "tcp://x"));
    }
}
