//! One call of the matrix: what it is to end as, and what came back.

use super::{
    oracle::{INVALID, Placement, Reach, Target, Verdict, verdict},
    requests::{Object, Rpc},
    world::{Kind, Side, Who, World},
};
use crate::support::reason;
use prost::Message as _;
use reeve::access::Action;
use tonic::Code;

/// What a call is to end as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    Done(Reach),
    Refused(Code, &'static str),
    /// By its proof alone, with whatever reason the operation has.
    NoProof,
}

pub struct Answer {
    pub code: Code,
    pub reason: String,
    /// Everything that the caller gets to see, but for the request's own id and the date.
    pub seen: Vec<u8>,
}

/// One call of the matrix.
pub struct Cell<'a> {
    pub rpc: &'a Rpc,
    pub who: &'a Who,
    pub place: Placement,
    pub target: Target,
}

impl Cell<'_> {
    pub fn name(&self) -> String {
        let (action, who) = (self.rpc.action.as_str(), self.who.name);
        format!("{action} by {who} for {:?}, {:?}", self.target, self.place)
    }

    pub fn expected(&self, it: &World) -> Expected {
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
            "page_token" if self.is_first_page() || self.is_page_of(it, reach, side) => done,
            "page_token" => Expected::Refused(Code::InvalidArgument, "PAGE_TOKEN_INVALID"),
            "token" | "refresh_token" if within => done,
            "token" | "refresh_token" => Expected::NoProof,
            "email" => self.with_email(reach, within),
            _ if malformed => invalid(),
            _ if within => done,
            _ => Expected::Refused(Code::NotFound, "NOT_FOUND"),
        }
    }

    fn with_email(&self, reach: Reach, within: bool) -> Expected {
        let action = self.rpc.action;
        let explains = action == Action::ExplainPlacement;
        if explains && reach == Reach::Everything {
            return Expected::Done(reach);
        }
        match self.target {
            Target::Malformed => invalid(),
            _ if within || action == Action::CreateInvitation => Expected::Done(reach),
            _ if explains => Expected::Refused(Code::PermissionDenied, "PERMISSION_DENIED"),
            _ => Expected::NoProof,
        }
    }

    fn is_first_page(&self) -> bool {
        self.target == Target::Own
    }

    /// For an operator who names the tenant that the page is of.
    fn is_page_of(&self, it: &World, reach: Reach, side: Option<Side>) -> bool {
        matches!(reach, Reach::Tenant(own) if side == Some(own))
            && it.has_page_token(self.who.home.other(), self.rpc.action)
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
    pub fn may_see(&self, expected: Expected, side: Option<Side>) -> Vec<Side> {
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

    pub async fn call(&self, it: &World, object: &Object) -> (Answer, Vec<u8>) {
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

    pub fn fits(&self, expected: Expected) -> bool {
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
