//! What the storage layer says to PostgreSQL: each statement on rows of tenants binds the tenant
//! or the person of the scope that its transaction was opened with. The texts are those of SQLite.

use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, Once},
};

/// Tables whose rows belong to a tenant, or to a person in one.
pub const TENANT_OWNED: &[&str] = &[
    "api_keys",
    "departures",
    "events",
    "idempotency",
    "invitation_tokens",
    "pending_sign_ups",
    "sessions",
    "tenant_domains",
    "tenants",
    "user_profiles",
    "users",
];

/// What was said since [`listen`], by all servers of this process.
#[derive(Default)]
struct Heard {
    /// Statements in the scope of a tenant or a person, by table.
    narrow: BTreeMap<&'static str, usize>,
    /// Those that bind neither.
    unbound: BTreeSet<String>,
}

static HEARD: Mutex<Heard> =
    Mutex::new(Heard { narrow: BTreeMap::new(), unbound: BTreeSet::new() });

/// One connection, and whom its open transaction is for.
#[derive(Default)]
struct Ear {
    /// Nobody in particular: a scope that reaches everything.
    scope: Option<String>,
}

impl Instrumentation for Ear {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        let InstrumentationEvent::StartQuery { query, .. } = event else { return };
        let text = query.to_string();
        if text.contains("SET LOCAL reeve.") {
            self.scope = scope_of(&text);
        } else if let Some(scope) = &self.scope {
            note(&text, scope);
        }
    }
}

/// The tenant or person of the settings that begin or change a transaction's scope.
fn scope_of(settings: &str) -> Option<String> {
    let narrow = ["reeve.tenant_id", "reeve.user_id"];
    let last = settings.rsplit("SET LOCAL ").next()?;
    let (name, value) = last.split_once(" = ")?;
    narrow.contains(&name).then(|| value.trim_matches(['\'', ';', ' ']).to_owned())
}

fn note(text: &str, scope: &str) {
    let (sql, binds) = text.rsplit_once("-- binds:").unwrap_or((text, ""));
    let mut heard = HEARD.lock().unwrap();
    for table in TENANT_OWNED.iter().filter(|table| sql.contains(&format!("\"{table}\""))) {
        *heard.narrow.entry(table).or_default() += 1;
        if !binds.contains(scope) {
            heard.unbound.insert(sql.trim().to_owned());
        }
    }
}

/// Has every connection that is opened from now on listened to.
pub fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        set_default_instrumentation(|| Some(Box::new(Ear::default()))).unwrap();
    });
}

/// Fails on statements that bind neither tenant nor person, and if it was not asked much.
pub fn assert_bound() {
    let (unbound, narrow) = {
        let heard = HEARD.lock().unwrap();
        (heard.unbound.clone(), heard.narrow.clone())
    };
    assert!(unbound.is_empty(), "{unbound:#?}");
    let mut never = TENANT_OWNED.to_vec();
    never.retain(|table| !narrow.contains_key(table));
    // Who is not signed up yet is in no scope but the system's.
    assert_eq!(never, ["pending_sign_ups"], "no statement on these was heard");
    assert!(narrow.values().sum::<usize>() > 5_000, "{narrow:?}");
}

/// How many texts bind neither.
pub fn unbound() -> usize {
    HEARD.lock().unwrap().unbound.len()
}

#[test]
fn the_scope_is_read_from_the_settings() {
    let begin = "BEGIN; SET LOCAL search_path = reeve; SET LOCAL reeve.tenant_id = 'one'";
    assert_eq!(scope_of(begin).as_deref(), Some("one"));
    let enter = "SET LOCAL reeve.tenant_id = ''; SET LOCAL reeve.user_id = ''; \
                 SET LOCAL reeve.system = ''; SET LOCAL reeve.user_id = 'two'";
    assert_eq!(scope_of(enter).as_deref(), Some("two"));
    assert_eq!(scope_of("BEGIN; SET LOCAL reeve.system = 'on'"), None);
}
