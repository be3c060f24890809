//! The dump of `reeve config show`: every value, masked, with the layer it came from.

use super::{Config, source::Source};
use serde::Serialize;

/// What stands for a secret.
pub const MASK: &str = "***";

/// One setting as it may be shown to anybody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    pub name: &'static str,
    pub value: String,
    pub source: Source,
}

/// Every setting in its fixed order. Values are masked when they are read, so nothing secret is
/// kept in a row.
pub fn show(config: &Config) -> &[Row] {
    &config.rows
}

pub(super) fn masked<T>(_secret: &T) -> String {
    MASK.to_owned()
}
