//! How a command ends: the exit codes, and the one line that says what went wrong.

use crate::{
    boot::Refusal,
    config::{Config, Problems},
    model::{Error, Kind, error::FieldViolation, text::is_unprintable},
};
use std::{fmt::Write as _, process::ExitCode};

const FAILED: u8 = 1;
const USAGE: u8 = 2;
const DIFFERENT: u8 = 4;
/// `EX_CONFIG` of sysexits.h.
const REFUSED: u8 = 78;

/// A command that ran to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Done,
    /// The answer is no, and was printed.
    No,
    /// Drift or a difference was found, and was printed.
    Different,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done => Self::SUCCESS,
            Outcome::No => Self::from(FAILED),
            Outcome::Different => Self::from(DIFFERENT),
        }
    }
}

/// The code that the parser of the arguments asks for: 0 after help, else 2.
pub(super) fn usage(code: i32) -> ExitCode {
    ExitCode::from(u8::try_from(code).unwrap_or(USAGE))
}

/// A command that could not be run to its end.
#[derive(Debug)]
pub(super) struct Failure {
    code: u8,
    lines: Vec<String>,
    /// The database could not be asked, so where it is matters.
    is_away: bool,
}

impl Failure {
    pub(super) fn message(text: impl Into<String>) -> Self {
        Self { code: FAILED, lines: vec![text.into()], is_away: false }
    }

    pub(super) fn usage(text: impl Into<String>) -> Self {
        Self { code: USAGE, ..Self::message(text) }
    }

    /// An error with advice that the command alone can give.
    pub(super) fn with_hint(error: &Error, hint: &str) -> Self {
        let is_away = matches!(error.kind(), Kind::Unavailable | Kind::DeadlineExceeded);
        Self { is_away, ..Self::message(line(error, hint)) }
    }

    /// Says which database it was.
    pub(super) fn at(mut self, config: &Config) -> Self {
        if self.is_away {
            let (serving, owner) = (&config.database.target, &config.database.migration_target);
            let (serving, owner) = (serving.describe(), owner.describe());
            for line in &mut self.lines {
                let _ = write!(line, "; DATABASE_URL is {serving}");
                if owner != serving {
                    let _ = write!(line, ", DATABASE_MIGRATION_URL is {owner}");
                }
            }
        }
        self
    }

    pub(super) fn report(self) -> ExitCode {
        use std::io::Write as _;
        let mut stderr = std::io::stderr().lock();
        for line in &self.lines {
            // Nobody is left to tell when stderr is closed.
            let _ = writeln!(stderr, "error: {}", one_line(line));
        }
        ExitCode::from(self.code)
    }
}

/// The message, what it is about, advice, and the published reason. What a caller of the service
/// may not see is shown: whoever runs a command has the database.
fn line(error: &Error, hint: &str) -> String {
    let internal = error.kind() == Kind::Internal;
    let mut text = match error.log_detail() {
        Some(detail) if internal => detail.to_owned(),
        Some(detail) => format!("{} {detail}", error.message()),
        None => error.message().to_owned(),
    };
    for key in ["slug", "domain"] {
        if let Some(subject) = error.metadata().get(key) {
            text = format!("{} ({subject})", text.trim_end_matches('.'));
        }
    }
    if !hint.is_empty() {
        text = format!("{}: {hint}", text.trim_end_matches('.'));
    }
    format!("{text} ({})", error.reason().as_str())
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if is_unprintable(c) { ' ' } else { c }).collect()
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::with_hint(&error, "")
    }
}

impl From<FieldViolation> for Failure {
    fn from(wrong: FieldViolation) -> Self {
        Self::usage(format!("{}: {}", wrong.field, wrong.description))
    }
}

impl From<Problems> for Failure {
    fn from(problems: Problems) -> Self {
        let lines = problems.iter().map(str::to_owned).collect();
        Self { code: REFUSED, lines, is_away: false }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Configuration(why) => Self { code: REFUSED, ..Self::message(why) },
            Refusal::Unavailable(error) => error.into(),
            Refusal::Failed(why) => Self::message(why),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Reason;

    #[test]
    fn errors_are_one_line_with_their_reason() {
        let error = Error::new(Reason::DomainTaken, "Claimed already.").with("domain", "acme.com");
        assert_eq!(line(&error, ""), "Claimed already (acme.com) (DOMAIN_TAKEN)");
        let error = Error::internal("disk\nfull");
        assert_eq!(one_line(&line(&error, "")), "disk full (INTERNAL)");
        let error = Error::not_found("user");
        assert_eq!(line(&error, "check the id"), "No such user: check the id (NOT_FOUND)");
    }

    #[test]
    fn the_database_is_named_when_it_is_away() {
        let config = Config::load(
            crate::config::Flags {
                database_url: Some("postgres://ann:hunter2@db/reeve".into()),
                ..Default::default()
            },
            [(
                "REEVE_MASTER_KEY".to_owned(),
                "Qm7vW0p3ZtK9xB2dR5uY8hN1cL4gF6sJaEoIiTzXwVk=".to_owned(),
            )]
            .into_iter(),
        )
        .unwrap();
        let away = Error::new(Reason::DatabaseUnavailable, "Away.").with_detail("refused");
        let failure = Failure::from(away).at(&config);
        assert_eq!(failure.code, FAILED);
        assert_eq!(
            failure.lines,
            ["Away. refused (DATABASE_UNAVAILABLE); DATABASE_URL is postgres://ann:***@db/reeve"]
        );
    }
}
