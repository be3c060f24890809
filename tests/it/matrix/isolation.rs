//! Every RPC, by every kind of caller, for everything that can be named, wherever a tenant can be
//! named: the outcome is the policy's, no answer tells of another tenant, and what is refused
//! changes nothing.

use super::{
    oracle::{INVALID, Placement, Reach, Target, Verdict, verdict},
    requests::{Object, Rpc, rpcs},
    snapshot::Snapshot,
    statements,
    world::{Kind, Side, Who, World},
};
use crate::support::{Backend, reason};
use prost::Message as _;
use reeve::access::Action;
use tokio::sync::OnceCell;
use tonic::Code;

/// What a call is to end as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    Done(Reach),
    Refused(Code, &'static str),
    /// By its proof alone, with whatever reason the operation has.
    NoProof,
}

struct Answer {
    code: Code,
    reason: String,
    /// Everything that the caller gets to see, but for the request's own id and the date.
    seen: Vec<u8>,
}

struct Cell<'a> {
    rpc: &'a Rpc,
    who: &'a Who,
    place: Placement,
    target: Target,
}

impl Cell<'_> {
    fn expected(&self, it: &World) -> Expected {
        let side = self.rpc.standing(it, self.who, self.target).side;
        let action = self.rpc.action;
        match verdict(action, self.who, self.place, self.target, side) {
            Verdict::Refused(code, reason) => Expected::Refused(code, reason),
            Verdict::Granted(reach) => self.granted(it, reach, side),
        }
    }

    /// The outcome of a call that the policy lets through, by what it is about.
    fn granted(&self, it: &World, reach: Reach, side: Option<Side>) -> Expected {
        let done = Expected::Done(reach);
        let Some(field) = self.rpc.field else { return done };
        let malformed = self.target == Target::Malformed;
        let action = self.rpc.action;
        if self.is_unproven() && !malformed {
            return Expected::Refused(Code::PermissionDenied, "EMAIL_UNVERIFIED");
        }
        let within = match reach {
            Reach::Tenant(own) => side == Some(own),
            Reach::Person => self.target == Target::Own || self.reaches_both(),
            Reach::Everything | Reach::Public => side.is_some(),
        };
        match field {
            "access_token" => done,
            "page_token" if self.target == Target::Own => done,
            // An operator who names the tenant that the page is of.
            "page_token"
                if matches!(reach, Reach::Tenant(own) if side == Some(own))
                    && it.has_page_token(self.who.home.other(), action) =>
            {
                done
            }
            "page_token" => Expected::Refused(Code::InvalidArgument, "PAGE_TOKEN_INVALID"),
            "token" | "refresh_token" if within => done,
            "token" | "refresh_token" => Expected::NoProof,
            "email" if action == Action::ExplainPlacement && reach == Reach::Everything => done,
            "email" if malformed => invalid(),
            "email" if action == Action::CreateInvitation || within => done,
            "email" if action == Action::ExplainPlacement => {
                Expected::Refused(Code::PermissionDenied, "PERMISSION_DENIED")
            }
            "email" => Expected::NoProof,
            _ if malformed => invalid(),
            _ if within => done,
            _ => Expected::Refused(Code::NotFound, "NOT_FOUND"),
        }
    }

    fn reaches_both(&self) -> bool {
        let argument = self.rpc.field == Some("tenant_id") && self.target == Target::Other;
        matches!(&self.who.kind, Kind::Person(person) if person.both) && argument
    }

    /// What is sent to an address is for whom has proved it.
    fn is_unproven(&self) -> bool {
        matches!(&self.who.kind, Kind::Person(person) if !person.verified)
            && match self.rpc.action {
                Action::AcceptInvitation => true,
                // A page of somebody else's list is none to begin with.
                Action::ListMyInvitations => self.target == Target::Own,
                _ => false,
            }
    }

    /// Whose names an answer may hold.
    fn may_see(&self, expected: Expected, side: Option<Side>) -> Vec<Side> {
        let Expected::Done(reach) = expected else { return Vec::new() };
        match reach {
            Reach::Tenant(own) => vec![own],
            Reach::Everything => Side::ALL.to_vec(),
            Reach::Public => side.into_iter().collect(),
            Reach::Person => {
                let both = matches!(&self.who.kind, Kind::Person(person) if person.both);
                let invited = (self.rpc.action == Action::AcceptInvitation).then_some(Side::Disko);
                let there = both.then_some(self.who.home.other());
                [self.who.home].into_iter().chain(invited).chain(there).collect()
            }
        }
    }

    async fn call(&self, it: &World, object: &Object) -> (Answer, Vec<u8>) {
        let message = self.rpc.request(it, self.place, object).encode_to_vec();
        let source = it.number().to_be_bytes();
        let source = format!("10.{}.{}.{}", source[1], source[2], source[3]);
        let bearer = self.who.credential.as_ref().map(|it| format!("Bearer {it}"));
        let mut metadata = vec![("x-forwarded-for", source.as_str())];
        metadata.extend(bearer.as_ref().map(|it| ("authorization", it.as_str())));
        let header = self.place.header.map(|side| it.tenants[&side].id.clone());
        metadata.extend(header.as_ref().map(|id| ("x-tenant-id", id.as_str())));
        let called = it.server.call_with(&self.rpc.path, &metadata, message.clone().into()).await;
        let mut sent = message;
        sent.extend(header.unwrap_or_default().into_bytes());
        (Answer::of(called), sent)
    }
}

fn invalid() -> Expected {
    let Verdict::Refused(code, reason) = INVALID else { unreachable!("it is a refusal") };
    Expected::Refused(code, reason)
}

impl Answer {
    fn of(called: Result<tonic::Response<bytes::Bytes>, tonic::Status>) -> Self {
        match called {
            Ok(answer) => {
                let (metadata, payload, _) = answer.into_parts();
                let seen = [&payload[..], &headers(&metadata)].concat();
                Self { code: Code::Ok, reason: String::new(), seen }
            }
            Err(status) => {
                let (text, details) = (status.message().as_bytes(), status.details());
                let seen = [text, details, &headers(status.metadata())].concat();
                Self { code: status.code(), reason: reason(&status), seen }
            }
        }
    }

    fn fits(&self, expected: Expected) -> bool {
        match expected {
            Expected::Done(_) => self.code == Code::Ok,
            Expected::Refused(code, reason) => self.code == code && self.reason == reason,
            Expected::NoProof => {
                let broken = [Code::Ok, Code::Internal, Code::Unknown, Code::ResourceExhausted];
                !broken.contains(&self.code) && !self.reason.starts_with("CREDENTIAL")
            }
        }
    }
}

fn headers(metadata: &tonic::metadata::MetadataMap) -> Vec<u8> {
    let mut headers = metadata.clone();
    for own in ["x-request-id", "date"] {
        headers.remove(own);
    }
    format!("{headers:?}").into_bytes()
}

/// What went wrong, a line each.
#[derive(Default)]
struct Findings(Vec<String>);

impl Findings {
    fn check(&mut self, it: &World, cell: &Cell<'_>, call: &(Answer, Vec<u8>), side: Option<Side>) {
        let expected = cell.expected(it);
        let (answer, sent) = call;
        let name = format!(
            "{} by {} for {:?}, {:?}",
            cell.rpc.action.as_str(),
            cell.who.name,
            cell.target,
            cell.place
        );
        if !answer.fits(expected) {
            let (code, reason) = (answer.code, &answer.reason);
            self.0.push(format!("{name}: expected {expected:?}, got {code:?} {reason}"));
        }
        let (seen, sent) = (String::from_utf8_lossy(&answer.seen), String::from_utf8_lossy(sent));
        let may_see = cell.may_see(expected, side);
        for (side, secrets) in it.secrets.iter().filter(|(side, _)| !may_see.contains(side)) {
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

    fn unchanged(&mut self, rpc: &Rpc, before: &Snapshot, after: &Snapshot) {
        let changed = before.changed(after);
        if !changed.is_empty() {
            let action = rpc.action.as_str();
            self.0.push(format!("{action}: refused calls or reads changed {changed:?}"));
        }
    }
}

/// Calls that are to change nothing: refused ones, and reads.
async fn quiet(it: &World, rpc: &Rpc, findings: &mut Findings) -> usize {
    let mut calls = 0;
    for who in &it.callers {
        for place in Placement::all(rpc.action, who.home) {
            let mut answers = Vec::new();
            for &target in targets(rpc) {
                let cell = Cell { rpc, who, place, target };
                let expected = cell.expected(it);
                if rpc.action.row().writes && matches!(expected, Expected::Done(_)) {
                    continue;
                }
                let object = rpc.standing(it, who, target);
                let call = cell.call(it, &object).await;
                findings.check(it, &cell, &call, object.side);
                calls += 1;
                answers.push((target, expected, call.0));
            }
            let of = |target| answers.iter().find(|(it, ..)| *it == target);
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
async fn writes(it: &mut World, rpc: &Rpc, findings: &mut Findings) -> usize {
    let mut calls = 0;
    for who in it.callers.clone() {
        for place in Placement::all(rpc.action, who.home) {
            for &target in targets(rpc) {
                let expected = Cell { rpc, who: &who, place, target }.expected(it);
                let Expected::Done(reach) = expected else { continue };
                let who =
                    &if reach == Reach::Person { it.another(&who).await } else { who.clone() };
                let object = rpc.fresh(it, who, target).await;
                let cell = Cell { rpc, who, place, target };
                let call = cell.call(it, &object).await;
                findings.check(it, &cell, &call, object.side);
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
async fn walk(it: &mut World) -> Outcome {
    let rows_query = it.server.rows_query().await;
    let (mut findings, mut calls) = (Findings::default(), 0);
    for rpc in &rpcs() {
        it.server.execute("DELETE FROM throttle").await;
        let before = it.server.snapshot(&rows_query).await;
        calls += quiet(it, rpc, &mut findings).await;
        findings.unchanged(rpc, &before, &it.server.snapshot(&rows_query).await);
        if rpc.action.row().writes {
            calls += writes(it, rpc, &mut findings).await;
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

// R-TEN-1, R-TEN-2, R-TEN-3, R-TEN-4, TI-01, TI-02, TI-03, TI-04, TI-05, TI-09, TI-12, TI-19,
// G-12, G-33, G-37, G-48. Both layers at once; built without the tenant condition, row-level
// security alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_call_tells_of_another_tenant_on_postgres() {
    assert_clean(walk_on_postgres().await);
}

// The tenant condition alone. TI-24: built without it, there is nothing, and that is found.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_call_tells_of_another_tenant_on_sqlite() {
    let outcome = walk(&mut World::new(Backend::Sqlite).await).await;
    if cfg!(reeve_unscoped) {
        assert!(outcome.0.iter().any(|finding| finding.contains("LEAK")), "nothing leaks");
    } else {
        assert_clean(&outcome);
    }
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
    let outcome = walk(&mut it).await;
    if cfg!(reeve_unscoped) {
        assert!(outcome.0.iter().any(|finding| finding.contains("LEAK")), "nothing leaks");
    } else {
        assert_clean(&outcome);
    }
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
