//! Results on stdout. A reader that has seen enough, as `head` has, is no failure.

use super::{args::Output, outcome::Failure};
use crate::model::text::is_unprintable;
use serde::Serialize;
use std::io::{self, ErrorKind, Write as _};

/// The value as JSON where that was asked for, else the text.
pub(super) fn either(
    output: Output,
    value: &impl Serialize,
    text: impl FnOnce() -> String,
) -> Result<(), Failure> {
    if output.json { text_of(&json(value)?) } else { text_of(&text()) }
}

/// Prints lines; the last one is ended if it was not.
pub(super) fn text_of(text: &str) -> Result<(), Failure> {
    match write(text) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome.map_err(unwritable),
    }
}

/// Prints what is lost for ever if nobody reads it; `loss` says so.
pub(super) fn once(text: &str, loss: &str) -> Result<(), Failure> {
    write(text)
        .map_err(|error| Failure::message(format!("cannot write to stdout: {error}; {loss}")))
}

pub(super) fn json(value: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string_pretty(value).map_err(|error| Failure::message(error.to_string()))
}

/// A remark that is not a part of the result.
pub(super) fn note(text: &str) {
    // A remark that cannot be shown changes nothing.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Columns as wide as their widest cell; the last one is not padded.
pub(super) fn table<const N: usize>(head: [&str; N], rows: &[[String; N]]) -> String {
    let shown = |cell: &str| -> String {
        cell.chars().map(|c| if is_unprintable(c) { '\u{fffd}' } else { c }).collect()
    };
    let head = head.map(str::to_owned);
    let all: Vec<[String; N]> = std::iter::once(&head)
        .chain(rows)
        .map(|row| row.each_ref().map(|cell| shown(cell)))
        .collect();
    let mut widths = [0; N];
    for row in &all {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let line = |row: &[String; N]| -> String {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    all.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn write(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    if !text.is_empty() && !text.ends_with('\n') {
        stdout.write_all(b"\n")?;
    }
    stdout.flush()
}

#[allow(clippy::needless_pass_by_value, reason = "it stands in map_err")]
fn unwritable(error: io::Error) -> Failure {
    Failure::message(format!("cannot write to stdout: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_unprintable_text_is_not_printed() {
        let rows = [["a".to_owned(), "x\u{1b}[2J".to_owned()], ["längst".to_owned(), "y".into()]];
        assert_eq!(table(["K", "V"], &rows), "K       V\na       x\u{fffd}[2J\nlängst  y");
    }
}
