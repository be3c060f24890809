//! `docs/PERMISSIONS.md` is what the policy says.

use reeve::{
    access::{Action, ByOperator, Person, Row},
    model::api_key::KeyScope,
};
use std::fmt::Write as _;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/PERMISSIONS.md");
const HEAD: &str = include_str!("permissions_head.md");
const NOBODY: &str = "–";

/// With `REEVE_WRITE_PERMISSIONS` set the file is written anew instead.
#[test]
fn the_document_is_up_to_date() {
    let real = document();
    if std::env::var_os("REEVE_WRITE_PERMISSIONS").is_some() {
        std::fs::write(FILE, &real).unwrap();
    }
    let kept = std::fs::read_to_string(FILE).unwrap_or_default();
    assert!(
        kept == real,
        "run the tests once with REEVE_WRITE_PERMISSIONS=1 and look at the change"
    );
}

fn document() -> String {
    let mut text = HEAD.to_owned();
    let mut services: Vec<Option<&str>> = Vec::new();
    for action in Action::ALL {
        if !services.contains(&action.row().service) {
            services.push(action.row().service);
        }
    }
    for service in services {
        let actions = Action::ALL.iter().filter(|action| action.row().service == service);
        let title = service.map_or_else(|| "Command line".to_owned(), |name| format!("`{name}`"));
        write!(text, "\n## {title}\n\n").unwrap();
        text.push_str("| action | | writes | person | tenant key | key scope | operator |\n");
        text.push_str("| --- | --- | --- | --- | --- | --- | --- |\n");
        for action in actions {
            text.push_str(&line(*action));
        }
    }
    text.push_str("\n## Key scopes\n\n| scope | allows |\n| --- | --- |\n");
    for scope in KeyScope::ALL {
        let needs = |action: &&Action| action.row().rule.key == Some(*scope);
        let names: Vec<_> = Action::ALL.iter().filter(needs).map(|it| it.as_str()).collect();
        if !names.is_empty() {
            writeln!(text, "| `{scope}` | {} |", names.join(", ")).unwrap();
        }
    }
    text
}

fn line(action: Action) -> String {
    let row = action.row();
    let (name, says) = (action.as_str(), row.says);
    let writes = if row.writes { "yes" } else { "no" };
    let [person, tenant_key, scope, operator] = who(row);
    format!("| {name} | {says} | {writes} | {person} | {tenant_key} | {scope} | {operator} |\n")
}

fn who(row: &Row) -> [String; 4] {
    let rule = row.rule;
    if rule.anyone.is_some() {
        return ["**anyone**", NOBODY, NOBODY, NOBODY].map(str::to_owned);
    }
    let or_nobody = |text: Option<String>| text.unwrap_or_else(|| NOBODY.to_owned());
    [
        or_nobody(rule.person.map(|person| match person {
            Person::Own => "own rows".to_owned(),
            Person::From(least) => least.to_string(),
        })),
        or_nobody(rule.tenant_key.map(|least| least.to_string())),
        or_nobody(rule.key.map(|scope| format!("`{scope}`"))),
        or_nobody(rule.operator.map(|reach| {
            let words = match reach {
                ByOperator::InTenant => "in the tenant named",
                ByOperator::Everywhere(_) => "everywhere",
                ByOperator::Either(_) => "everywhere, or in the tenant named",
            };
            words.to_owned()
        })),
    ]
}
