//! The rules of the source tree that the compiler does not hold.

mod budgets;
mod imports;
mod names;
mod scan;

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A source file, and its text without comments, strings and characters.
struct Source {
    /// From the package's root, for instance `src/db/users.rs`.
    path: String,
    lines: usize,
    code: String,
}

impl Source {
    /// The first component below `src`, without its suffix.
    fn top(&self) -> &str {
        let rest = self.path.strip_prefix("src/").unwrap();
        rest.split('/').next().unwrap().trim_end_matches(".rs")
    }
}

/// Every Rust file below a directory of the package.
fn sources(directory: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    find(&root.join(directory), &mut paths);
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "rs"));
    paths.sort();
    assert!(!paths.is_empty(), "there are no sources in {directory}");
    paths
        .iter()
        .map(|path| {
            let text = fs::read_to_string(path).unwrap();
            Source {
                path: path.strip_prefix(root).unwrap().display().to_string(),
                lines: text.lines().count(),
                code: scan::code(&text),
            }
        })
        .collect()
}

fn find(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { find(&path, found) } else { found.push(path) }
    }
}
