//! Settings and secrets that are read from files.

use super::names;
use std::{collections::BTreeMap, path::Path};

/// The largest configuration or secret file that is read.
const FILE_MAX: u64 = 64 * 1024;

/// What no value may be, wherever it comes from.
pub(super) fn checked(text: String) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err("is set but empty; remove it or give it a value".into());
    }
    if text.contains('\u{FFFD}') {
        return Err("is not valid UTF-8".into());
    }
    if text.chars().any(char::is_control) {
        return Err("holds a control character or a line break".into());
    }
    Ok(text)
}

/// A whole text file of modest size; FIFOs, as some secret stores mount them, work too.
fn read(path: &Path) -> Result<String, String> {
    use std::io::Read;
    let mut text = String::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(FILE_MAX + 1).read_to_string(&mut text))
        .map_err(|error| format!("cannot be read: {error}"))?;
    if text.len() as u64 > FILE_MAX {
        return Err(format!("is larger than {FILE_MAX} bytes"));
    }
    Ok(text)
}

/// The one line of the file that a `NAME_FILE` setting names.
pub(super) fn secret(name: &str, path: &str) -> Result<String, String> {
    let path = path.to_owned();
    let text = checked(path).and_then(|path| read(Path::new(&path)));
    text.map(|text| text.trim_end_matches(['\r', '\n']).to_owned())
        .map_err(|problem| format!("the file that {name} names {problem}"))
}

/// The settings of a TOML file. Its keys are the variables' names in lower case. Problems name the
/// line and the key, and never quote the file, which may hold secrets.
pub(super) fn toml(path: &str, problems: &mut Vec<String>) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    let shown = path.escape_debug();
    let text = match read(Path::new(path)) {
        Ok(text) => text,
        Err(problem) => {
            problems.push(format!("--config: {shown} {problem}"));
            return values;
        }
    };
    let table: ::toml::Table = match text.parse() {
        Ok(table) => table,
        Err(error) => {
            let offset = error.span().map_or(0, |span| span.start);
            let line = text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1;
            problems.push(format!("--config: line {line} of {shown} is not valid TOML"));
            return values;
        }
    };
    for (key, value) in table {
        let name = key.to_ascii_uppercase();
        if key != name.to_ascii_lowercase() || !names::is_known(&name) {
            let what = "is not a key of the configuration file";
            problems.push(names::unknown(&key, what, str::to_ascii_lowercase));
            continue;
        }
        match value {
            ::toml::Value::String(text) => drop(values.insert(name, text)),
            ::toml::Value::Integer(number) => drop(values.insert(name, number.to_string())),
            ::toml::Value::Boolean(flag) => drop(values.insert(name, flag.to_string())),
            _ => problems.push(format!("{key} (file): expected a string, a number or a boolean")),
        }
    }
    values
}
