//! Where a setting comes from: flag, then environment, then file, then default.

use super::{Problems, file, names, show::Row};
use std::{collections::BTreeMap, fmt};

/// What the command line says; it wins over everything else.
#[derive(Clone, Default)]
pub struct Flags {
    pub config: Option<String>,
    pub data_dir: Option<String>,
    pub database_url: Option<secrecy::SecretString>,
    pub listen: Option<String>,
    pub migrate: Option<String>,
    pub allow_plaintext: bool,
}

/// The layer that a value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    Flag,
    Environment,
    File,
    Default,
}

crate::closed_set!(Source {
    Flag = "flag",
    Environment = "environment",
    File = "file",
    Default = "default",
});

/// Everything that was said, and what was wrong with it so far.
pub(super) struct Lookup {
    layers: [(Source, BTreeMap<String, String>); 3],
    problems: Vec<String>,
    rows: Vec<Row>,
}

impl Lookup {
    pub fn new(flags: Flags, environment: impl Iterator<Item = (String, String)>) -> Self {
        let mut problems = Vec::new();
        let file =
            flags.config.as_deref().map(|path| file::toml(path, &mut problems)).unwrap_or_default();
        let mut known = BTreeMap::new();
        for (name, value) in environment {
            if names::is_known(&name) {
                known.insert(name, value);
            } else if name.starts_with("REEVE_") && !names::is_service_link(&name, &value) {
                problems.push(names::unknown(&name, "is not a variable of reeve", str::to_owned));
            }
        }
        let layers = [
            (Source::Flag, flag_values(flags)),
            (Source::Environment, known),
            (Source::File, file),
        ];
        Self { layers, problems, rows: Vec::new() }
    }

    /// Whether somebody gave this setting, even if what they gave is no good.
    pub fn is_set(&self, name: &str) -> bool {
        let by_file = format!("{name}_FILE");
        self.layers
            .iter()
            .any(|(_, layer)| layer.contains_key(name) || layer.contains_key(&by_file))
    }

    /// Adds a problem; `text` never repeats a value.
    pub fn refuse(&mut self, name: &str, text: impl fmt::Display) {
        self.problems.push(format!("{name} {text}"));
    }

    /// A setting with a default. An unacceptable value is a problem, and the default stands in so
    /// that the remaining settings are looked at as well.
    pub fn value<T>(
        &mut self,
        name: &'static str,
        default: T,
        parse: impl FnOnce(&str) -> Result<T, String>,
        show: impl FnOnce(&T) -> String,
    ) -> T {
        let found = self.parsed(name, parse);
        let (value, source) = found.unwrap_or((default, Source::Default));
        self.rows.push(Row { name, value: show(&value), source });
        value
    }

    /// A setting that may be left out; `unset` is what the dump says then.
    pub fn optional<T>(
        &mut self,
        name: &'static str,
        unset: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
        show: impl FnOnce(&T) -> String,
    ) -> Option<T> {
        let found = self.parsed(name, parse);
        let row = match &found {
            Some((value, source)) => Row { name, value: show(value), source: *source },
            None => Row { name, value: unset.to_owned(), source: Source::Default },
        };
        self.rows.push(row);
        found.map(|(value, _)| value)
    }

    pub fn flag(&mut self, name: &'static str, default: bool) -> bool {
        self.value(name, default, boolean, bool::to_string)
    }

    /// Ends the look-up: either no problem at all, or all of them.
    pub fn finish(mut self) -> Result<Vec<Row>, Problems> {
        if self.problems.is_empty() {
            self.rows.sort_by_key(|row| names::position(row.name));
            Ok(self.rows)
        } else {
            Err(Problems(self.problems))
        }
    }

    fn parsed<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<(T, Source)> {
        let (text, source) = match self.find(name)? {
            (Ok(text), source) => (text, source),
            (Err(problem), source) => {
                self.refuse(name, format_args!("({source}): {problem}"));
                return None;
            }
        };
        match parse(&text) {
            Ok(value) => Some((value, source)),
            Err(problem) => {
                self.refuse(name, format_args!("({source}): {problem}"));
                None
            }
        }
    }

    /// The text of the highest layer that has the setting.
    fn find(&self, name: &str) -> Option<(Result<String, String>, Source)> {
        let by_file = format!("{name}_FILE");
        self.layers.iter().find_map(|(source, layer)| {
            let text = match (layer.get(name), layer.get(&by_file)) {
                (None, None) => return None,
                (Some(_), Some(_)) => Err(format!("is set together with {by_file}; keep one")),
                (Some(text), None) => Ok(text.clone()),
                (None, Some(path)) => file::secret(&by_file, path),
            };
            Some((text.and_then(file::checked), *source))
        })
    }
}

fn flag_values(flags: Flags) -> BTreeMap<String, String> {
    use secrecy::ExposeSecret;
    let url = flags.database_url.map(|url| url.expose_secret().to_owned());
    let plaintext = flags.allow_plaintext.then(|| true.to_string());
    [
        ("REEVE_DATA_DIR", flags.data_dir),
        ("DATABASE_URL", url),
        ("REEVE_LISTEN", flags.listen),
        ("REEVE_MIGRATE", flags.migrate),
        ("REEVE_ALLOW_PLAINTEXT", plaintext),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name.to_owned(), value?)))
    .collect()
}

pub(super) fn boolean(text: &str) -> Result<bool, String> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err("expected true or false".into()),
    }
}
