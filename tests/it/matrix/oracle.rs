//! What the policy file says of a call, worked out apart from the program that obeys it.

use super::world::{Kind, Side, Who};
use reeve::{
    access::{Action, ByOperator, Person, TenantField},
    model::{api_key::KeyScope, role::Role},
};
use tonic::Code;

/// Which object a call reaches for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// One that is where the caller is at home.
    Own,
    /// One of another tenant.
    Other,
    /// Well-formed, and nobody's.
    Ghost,
    Malformed,
}

impl Target {
    pub const ALL: [Self; 4] = [Self::Own, Self::Other, Self::Ghost, Self::Malformed];
}

/// Where a call names which tenant, besides its credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placement {
    pub body: Option<Side>,
    pub header: Option<Side>,
}

impl Placement {
    /// Nowhere; in the body; in the header; a foreign one in either; and both, contradictory.
    pub fn all(action: Action, home: Side) -> Vec<Self> {
        let (own, foreign) = (Some(home), Some(home.other()));
        let headers = [None, own, foreign].map(|header| Self { body: None, header });
        let bodies = [own, foreign].map(|body| Self { body, header: None });
        let both = Self { body: foreign, header: own };
        if action.is_public() {
            vec![headers[0], headers[2]]
        } else if action.row().tenant_id == TenantField::Scope {
            headers.into_iter().chain(bodies).chain([both]).collect()
        } else {
            headers.to_vec()
        }
    }
}

/// How far a call that is allowed reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    Tenant(Side),
    /// Whatever is the caller's own.
    Person,
    Everything,
    /// What the token in it is the proof for.
    Public,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Granted(Reach),
    Refused(Code, &'static str),
}

const DENIED: Verdict = Verdict::Refused(Code::PermissionDenied, "PERMISSION_DENIED");
const MISMATCH: Verdict = Verdict::Refused(Code::PermissionDenied, "TENANT_MISMATCH");
const ABSENT: Verdict = Verdict::Refused(Code::NotFound, "NOT_FOUND");
pub const INVALID: Verdict = Verdict::Refused(Code::InvalidArgument, "FIELD_INVALID");
const UNNAMED: Verdict = Verdict::Refused(Code::InvalidArgument, "TENANT_REQUIRED");

/// The tenant that a message asks for, where that is its argument: one of ours, or none.
pub type Asked = Option<Side>;

/// What the policy says; `asked` of actions whose `tenant_id` is an argument.
pub fn verdict(
    action: Action,
    who: &Who,
    place: Placement,
    target: Target,
    asked: Asked,
) -> Verdict {
    let row = action.row();
    if row.rule.anyone.is_some() {
        return Verdict::Granted(Reach::Public);
    }
    if let Kind::Nobody(reason) = who.kind {
        return Verdict::Refused(Code::Unauthenticated, reason);
    }
    let argument = row.tenant_id == TenantField::Argument;
    if argument && target == Target::Malformed {
        return INVALID;
    }
    let body = place.body.filter(|_| row.tenant_id == TenantField::Scope);
    if let Kind::Operator(scopes) = &who.kind {
        return of_operator(action, scopes, place.header, body, argument.then_some(asked));
    }
    let foreign = |named: Option<Side>| named.is_some_and(|named| named != who.home);
    if foreign(body) || foreign(place.header) {
        return MISMATCH;
    }
    let reach = match &who.kind {
        Kind::Person(person) => match row.rule.person {
            Some(Person::Own) => return Verdict::Granted(Reach::Person),
            Some(Person::From(least)) if at_least(person.role, least) => Reach::Tenant(who.home),
            _ => return DENIED,
        },
        Kind::Key(role, scopes) => {
            let (Some(least), Some(scope)) = (row.rule.tenant_key, row.rule.key) else {
                return DENIED;
            };
            if !at_least(*role, least) || !scopes.contains(&scope) {
                return DENIED;
            }
            Reach::Tenant(who.home)
        }
        Kind::Nobody(_) | Kind::Operator(_) => unreachable!("answered above"),
    };
    if argument && asked != Some(who.home) { ABSENT } else { Verdict::Granted(reach) }
}

fn of_operator(
    action: Action,
    scopes: &[KeyScope],
    header: Option<Side>,
    body: Option<Side>,
    argument: Option<Asked>,
) -> Verdict {
    let rule = action.row().rule;
    // A ghost is another tenant than any header names, too.
    let named = argument.or_else(|| body.map(Some));
    if header.is_some() && named.is_some_and(|named| named != header) {
        return MISMATCH;
    }
    if !scopes.is_empty() && !rule.key.is_some_and(|scope| scopes.contains(&scope)) {
        return DENIED;
    }
    match (rule.operator, named) {
        (None, _) => DENIED,
        (Some(ByOperator::Everywhere(_)), _) | (Some(ByOperator::Either(_)), None) => {
            Verdict::Granted(Reach::Everything)
        }
        (Some(ByOperator::InTenant), None) => UNNAMED,
        (Some(_), Some(Some(side))) => Verdict::Granted(Reach::Tenant(side)),
        (Some(_), Some(None)) => ABSENT,
    }
}

fn at_least(role: Role, least: Role) -> bool {
    let rank = |role| match role {
        Role::Owner => 3,
        Role::Admin => 2,
        Role::Member => 1,
    };
    rank(role) >= rank(least)
}
