//! Who may use whom: one direction, and the frameworks each in their place.

use super::{Source, scan, sources};

/// What a module may use of this crate, besides itself.
const MAY_USE: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("access", &["model"]),
    ("db", &["access", "model"]),
    ("token", &["model"]),
    ("password", &["model"]),
    ("mail", &["model"]),
    ("ops", &["access", "app", "db", "mail", "model", "password", "token"]),
    ("rpc", &["access", "app", "model", "ops", "password", "pb", "server", "token"]),
];

/// Frameworks that a module never names.
const NEVER: &[(&str, &[&str])] = &[
    ("model", &["tonic", "prost", "tokio"]),
    ("access", &["tonic", "prost", "tokio"]),
    ("db", &["tonic", "prost"]),
    ("ops", &["tonic", "prost"]),
    ("token", &["tonic", "prost", "tokio"]),
    ("password", &["tonic", "prost"]),
    ("mail", &["tonic", "prost"]),
];

/// Where a scope may be made without asking the policy.
const SYSTEM_SCOPES: &[&str] = &[
    "src/ops/authority.rs",
    "src/ops/keyring.rs",
    "src/ops/membership.rs",
    "src/ops/outbox.rs",
    "src/ops/probe.rs",
    "src/ops/purge.rs",
    "src/ops/self_test.rs",
    "src/ops/throttle.rs",
    "src/ops/operator/bootstrap.rs",
    "src/ops/auth/authenticate.rs",
    "src/ops/invitation/inviter.rs",
    "src/ops/invitation/token.rs",
    "src/serve.rs",
];

fn offences(is_wrong: impl Fn(&Source) -> Vec<String>) -> Vec<String> {
    let named = |source: &Source| {
        let path = source.path.clone();
        is_wrong(source).into_iter().map(move |what| format!("{path}: {what}")).collect::<Vec<_>>()
    };
    sources("src").iter().flat_map(named).collect()
}

fn of<'a, T: Copy>(table: &'a [(&str, T)], source: &Source) -> Option<&'a T> {
    table.iter().find(|(module, _)| *module == source.top()).map(|(_, rule)| rule)
}

#[test]
fn each_layer_uses_only_those_below() {
    let wrong = offences(|source| {
        let Some(allowed) = of(MAY_USE, source) else { return Vec::new() };
        let mut used = scan::ours(&source.code);
        // A macro of `model`, which lives at the root as all macros do.
        used.retain(|name| name != "closed_set" && name != source.top());
        used.retain(|name| !allowed.contains(&name.as_str()));
        used
    });
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_command_line_knows_nothing_of_rpc() {
    let wrong = offences(|source| {
        let mut used = scan::ours(&source.code);
        used.retain(|name| source.top() == "cli" && name == "rpc");
        used
    });
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Paths from `super` stay below the module that is named first.
#[test]
fn no_path_climbs_out_of_its_layer() {
    let wrong = offences(|source| {
        let parts = source.path.trim_end_matches(".rs").split('/').skip(1);
        let depth = parts.filter(|part| *part != "mod").count();
        let climbs = |(at, _): &(usize, &str)| {
            let (before, rest) = source.code.split_at(*at);
            let steps = rest.split("::").take_while(|part| *part == "super").count();
            let inner = before.matches("mod tests {").count();
            !before.ends_with("super::") && steps >= depth + inner
        };
        let found = source.code.match_indices("super::").filter(climbs);
        found.map(|(at, _)| source.code[at..].lines().next().unwrap().to_owned()).collect()
    });
    // Modules at the root have no layer, and their own files may name each other.
    let wrong: Vec<_> = wrong.iter().filter(|text| !text.starts_with("src/lib.rs")).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn frameworks_stay_in_their_place() {
    let wrong = offences(|source| {
        let never = of(NEVER, source).copied().unwrap_or_default().iter().copied();
        let diesel = (source.top() != "db").then_some("diesel");
        let path = source.path.as_str();
        let speaks = ["rpc", "server", "pb"].contains(&source.top()) || path == "src/cli/health.rs";
        let tonic = (!speaks).then_some("tonic");
        let named = never.chain(diesel).chain(tonic);
        named.filter(|krate| scan::names_crate(&source.code, krate)).map(str::to_owned).collect()
    });
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn scopes_of_the_system_are_made_in_named_files() {
    let makes = |source: &Source| source.code.contains("Scope::system(");
    let all = sources("src");
    let found: Vec<&str> = all.iter().filter(|s| makes(s)).map(|s| s.path.as_str()).collect();
    let stray = |path: &&&str| !path.starts_with("src/access/") && !SYSTEM_SCOPES.contains(path);
    let stray: Vec<_> = found.iter().filter(stray).collect();
    assert!(stray.is_empty(), "{stray:?}");
    let idle: Vec<_> = SYSTEM_SCOPES.iter().filter(|path| !found.contains(path)).collect();
    assert!(idle.is_empty(), "no longer makes one: {idle:?}");
}
