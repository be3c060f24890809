//! Every RPC, by every kind of caller, for everything that can be named, wherever a tenant can be
//! named: the outcome is the policy's, no answer tells of another tenant, and what is refused
//! changes nothing.

use super::{
    cell::{Answer, Cell, Expected},
    oracle::{Placement, Reach, Target},
    requests::{Rpc, rpcs},
    snapshot::Snapshot,
    statements,
    world::{Side, World},
};
use crate::support::Backend;
use std::collections::BTreeSet;
use tokio::sync::OnceCell;

/// What went wrong, a line each.
#[derive(Default)]
struct Findings(Vec<String>);

impl Findings {
    fn check(
        &mut self,
        world: &World,
        cell: &Cell<'_>,
        answered: &(Answer, Vec<u8>),
        side: Option<Side>,
    ) {
        let expected = cell.expected(world);
        let (answer, sent) = answered;
        let name = cell.name();
        if !answer.fits(expected) {
            let (code, reason) = (answer.code, &answer.reason);
            self.0.push(format!("{name}: expected {expected:?}, got {code:?} {reason}"));
        }
        let (seen, sent) = (String::from_utf8_lossy(&answer.seen), String::from_utf8_lossy(sent));
        let may_see = cell.may_see(expected, side);
        for (side, secrets) in world.secrets.iter().filter(|(side, _)| !may_see.contains(side)) {
            let leaked = |secret: &&String| seen.contains(*secret) && !sent.contains(*secret);
            for secret in secrets.iter().filter(leaked) {
                self.0.push(format!("{name}: LEAK of {side:?}: {secret}"));
            }
        }
    }

    /// What is another tenant's looks as what does not exist does.
    fn compare(&mut self, cell: &Cell<'_>, other: &Answer, ghost: &Answer) {
        if (other.code, &other.seen) != (ghost.code, &ghost.seen) {
            self.0.push(format!(
                "{} by {}, {:?}: another tenant's is told from none at all",
                cell.rpc.action.as_str(),
                cell.who.name,
                cell.place
            ));
        }
    }

    /// What is done in one tenant changes rows that name it, and none that names another.
    fn kept_to_itself(
        &mut self,
        world: &World,
        cell: &Cell<'_>,
        reach: Reach,
        before: &Snapshot,
        after: &Snapshot,
    ) {
        let Reach::Tenant(own) = reach else { return };
        let name = cell.name();
        for (side, tenant) in &world.tenants {
            let changed = before.changed_with(after, &tenant.id);
            if *side == own && changed.is_empty() {
                self.0.push(format!("{name}: NO ROW of {side:?} was seen to change"));
            } else if *side != own && !changed.is_empty() {
                self.0.push(format!("{name}: TOUCHES {side:?}: {changed:?}"));
            }
        }
    }

    fn unchanged(&mut self, rpc: &Rpc, before: &Snapshot, after: &Snapshot) {
        let changed = before.changed(after);
        if !changed.is_empty() {
            let action = rpc.action.as_str();
            self.0.push(format!("{action}: refused calls or reads changed {changed:?}"));
        }
    }
}

/// Calls that are to change nothing: refused ones, and reads.
async fn quiet(world: &World, rpc: &Rpc, findings: &mut Findings) -> usize {
    let mut calls = 0;
    for who in &world.callers {
        for place in Placement::all(rpc.action, who.home) {
            let mut answers = Vec::new();
            for &target in targets(rpc) {
                let cell = Cell { rpc, who, place, target };
                let expected = cell.expected(world);
                if rpc.action.row().writes && matches!(expected, Expected::Done(_)) {
                    continue;
                }
                let object = rpc.standing(world, who, target);
                let answered = cell.call(world, &object).await;
                findings.check(world, &cell, &answered, object.side);
                calls += 1;
                answers.push((target, expected, answered.0));
            }
            let of = |target| answers.iter().find(|(of, ..)| *of == target);
            if let (Some((_, one, other)), Some((_, two, ghost))) =
                (of(Target::Other), of(Target::Ghost))
                && one == two
                && !matches!(one, Expected::Done(Reach::Everything) | Expected::NoProof)
                && *one != Expected::Done(Reach::Public)
            {
                findings.compare(&Cell { rpc, who, place, target: Target::Other }, other, ghost);
            }
        }
    }
    calls
}

/// Writes that are allowed, each on what was made for it.
async fn writes(world: &mut World, rpc: &Rpc, rows_query: &str, findings: &mut Findings) -> usize {
    let mut calls = 0;
    for who in world.callers.clone() {
        for place in Placement::all(rpc.action, who.home) {
            for &target in targets(rpc) {
                let expected = Cell { rpc, who: &who, place, target }.expected(world);
                let Expected::Done(reach) = expected else { continue };
                let who =
                    &if reach == Reach::Person { world.another(&who).await } else { who.clone() };
                let object = rpc.fresh(world, who, target).await;
                let cell = Cell { rpc, who, place, target };
                let before = world.server.snapshot(rows_query).await;
                let answered = cell.call(world, &object).await;
                findings.check(world, &cell, &answered, object.side);
                let after = world.server.snapshot(rows_query).await;
                findings.kept_to_itself(world, &cell, reach, &before, &after);
                calls += 1;
            }
        }
    }
    calls
}

fn targets(rpc: &Rpc) -> &'static [Target] {
    if rpc.field.is_some() { &Target::ALL } else { &[Target::Own] }
}

/// What is wrong, and how many calls there were.
type Outcome = (Vec<String>, usize);

/// Walks the whole matrix.
async fn walk(world: &mut World) -> Outcome {
    let rows_query = world.server.rows_query().await;
    let (mut findings, mut calls) = (Findings::default(), 0);
    for rpc in &rpcs() {
        world.server.execute("DELETE FROM throttle").await;
        let before = world.server.snapshot(&rows_query).await;
        calls += quiet(world, rpc, &mut findings).await;
        findings.unchanged(rpc, &before, &world.server.snapshot(&rows_query).await);
        if rpc.action.row().writes {
            calls += writes(world, rpc, &rows_query, &mut findings).await;
        }
    }
    (findings.0, calls)
}

/// The walk on PostgreSQL, which two tests look at.
async fn walk_on_postgres() -> &'static Outcome {
    static OUTCOME: OnceCell<Outcome> = OnceCell::const_new();
    let walked = async || {
        statements::listen();
        walk(&mut World::new(Backend::Postgres).await).await
    };
    OUTCOME.get_or_init(walked).await
}

fn assert_clean((findings, calls): &Outcome) {
    // One example of each action and outcome is enough to begin with.
    let mut kinds = std::collections::BTreeMap::new();
    for finding in findings {
        let (call, what) = finding.split_once(": ").unwrap();
        let action = call.split(' ').next().unwrap();
        kinds.entry((action, what)).or_insert((0, finding)).0 += 1;
    }
    let lines = kinds.values().map(|(count, first)| format!("{count} times: {first}"));
    let some = lines.take(60).collect::<Vec<_>>().join("\n");
    assert!(findings.is_empty(), "{} of {calls} calls:\n{some}", findings.len());
    assert!(*calls > 5_000, "only {calls} calls");
}

/// What tells of other tenants when neither the tenant condition nor row-level security is there.
/// The other actions name the tenant by themselves, too.
const REST_ON_THE_CONDITION: &[&str] = &[
    "ExplainPlacement",
    "GetInvitation",
    "ListApiKeys",
    "ListDomains",
    "ListInvitations",
    "ListMyInvitations",
    "ListTenants",
    "ListUsers",
    "ResendInvitation",
    "RevokeApiKey",
    "RevokeInvitation",
];

/// Of a walk without row-level security: clean by the tenant condition. Built without that too,
/// there is nothing, and the walk finds it at each action that rests on it.
fn assert_condition_counts(outcome: &Outcome) {
    if !cfg!(reeve_unscoped) {
        return assert_clean(outcome);
    }
    let action = |finding: &String| finding.split(' ').next().unwrap().to_owned();
    let leaks = outcome.0.iter().filter(|finding| finding.contains("LEAK"));
    let leaking: BTreeSet<String> = leaks.map(action).collect();
    assert_eq!(leaking.iter().map(String::as_str).collect::<Vec<_>>(), REST_ON_THE_CONDITION);
}

// R-TEN-1, R-TEN-2, R-TEN-3, R-TEN-4, TI-01, TI-02, TI-03, TI-04, TI-05, TI-09, TI-12, TI-19,
// G-12, G-33, G-34, G-37, G-48. Both layers at once; built without the tenant condition, row-level
// security alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_call_tells_of_another_tenant_on_postgres() {
    assert_clean(walk_on_postgres().await);
}

// The tenant condition alone. TI-24, G-38: built without it, there is nothing, and that is found.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_call_tells_of_another_tenant_on_sqlite() {
    assert_condition_counts(&walk(&mut World::new(Backend::Sqlite).await).await);
}

// R-TEN-5
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_call_tells_of_another_tenant_without_row_level_security() {
    let mut it = World::new(Backend::Postgres).await;
    let protected = "SELECT relname::text AS value FROM pg_class \
                     WHERE relnamespace = 'reeve'::regnamespace AND relrowsecurity";
    let tables = it.server.texts(protected).await;
    assert!(tables.len() > 8, "{tables:?}");
    for table in tables {
        it.server.execute(&format!("ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")).await;
    }
    assert!(it.server.texts(protected).await.is_empty());
    assert_condition_counts(&walk(&mut it).await);
}

// R-TEN-5, TI-22
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_statement_binds_the_tenant_of_its_scope() {
    walk_on_postgres().await;
    if cfg!(reeve_unscoped) {
        assert!(statements::unbound() > 0, "built without the condition, and yet it is there");
    } else {
        statements::assert_bound();
    }
}
