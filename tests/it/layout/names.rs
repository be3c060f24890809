//! Names that say nothing, work that was left lying, and migrations without a twin.

use super::{scan, sources};
use std::{collections::BTreeSet, fs, path::Path};

const DRAWERS: &[&str] = &["utils", "util", "helpers", "helper", "common", "misc"];

#[test]
fn nothing_is_a_drawer() {
    for source in sources("src") {
        let parts = source.path.trim_end_matches(".rs").split('/');
        let modules = scan::words(&source.code).zip(scan::words(&source.code).skip(1));
        let modules = modules.filter(|((_, word), _)| *word == "mod").map(|(_, (_, name))| name);
        for name in parts.chain(modules) {
            // The protobuf package of shared types is a part of the published contract.
            let published = source.path == "src/pb.rs" && name == "common";
            assert!(published || !DRAWERS.contains(&name), "{}: {name}", source.path);
        }
    }
}

#[test]
fn nothing_is_left_for_later() {
    for source in sources("src").iter().chain(&sources("tests")) {
        for left in ["todo!", "unimplemented!", "dbg!", "#[ignore"] {
            assert!(!source.code.contains(left), "{}: {left}", source.path);
        }
    }
}

#[test]
fn both_databases_have_the_same_migrations() {
    let names = |engine: &str| -> BTreeSet<String> {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(engine);
        let entries = fs::read_dir(directory).unwrap().map(Result::unwrap);
        let directories = entries.filter(|entry| entry.path().is_dir());
        directories
            .map(|entry| {
                for file in ["up.sql", "down.sql"] {
                    assert!(entry.path().join(file).exists(), "{:?} has no {file}", entry.path());
                }
                entry.file_name().into_string().unwrap()
            })
            .collect()
    };
    let (postgres, sqlite) = (names("postgres"), names("sqlite"));
    assert_eq!(postgres, sqlite);
    let numbers: Vec<String> =
        sqlite.iter().map(|name| name.split('_').next().unwrap().to_owned()).collect();
    let expected: Vec<String> = (1..=numbers.len()).map(|number| format!("{number:04}")).collect();
    assert_eq!(numbers, expected);
}
