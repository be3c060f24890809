//! Collects what is wrong with a request, field by field.

use super::super::call::Parsed;
use crate::{
    access::Action,
    model::{
        clock::Instant,
        error::FieldViolation,
        id::{Id as _, RequestId},
        page::{PageRequest, PageSize},
        request_key::RequestKey,
        role::Role,
    },
    pb::common::v1 as pb,
};
use prost_types::{FieldMask, Timestamp};

/// The years 1 to 9999, as `google.protobuf.Timestamp` has them.
const FIRST_SECOND: i64 = -62_135_596_800;
const LAST_SECOND: i64 = 253_402_300_799;

/// Field violations found so far.
#[derive(Default)]
pub(super) struct Fields(Vec<FieldViolation>);

impl Fields {
    /// Keeps the value, or the violation.
    pub(super) fn take<T>(&mut self, parsed: Result<T, FieldViolation>) -> Option<T> {
        parsed.map_err(|violation| self.0.push(violation)).ok()
    }

    /// The input, if nothing was wrong; `build` is given nothing to refuse.
    pub(super) fn finish<T>(self, input: Option<T>) -> Parsed<T> {
        match input {
            Some(input) if self.0.is_empty() => Ok(input),
            _ => Err(self.0),
        }
    }
}

pub(super) fn page(size: i32, token: String) -> Result<PageRequest, FieldViolation> {
    PageSize::parse("page_size", size).map(|size| PageRequest { size, token })
}

/// What names a request, if anything does. `message` is the request without its `request_id` and
/// `validate_only`: trying a request and making it say the same.
pub(super) fn request_key(
    action: Action,
    id: &str,
    message: &impl prost::Message,
) -> Result<Option<RequestKey>, FieldViolation> {
    if id.is_empty() {
        return Ok(None);
    }
    let id = RequestId::parse("request_id", id)?;
    let body = [action.as_str().as_bytes(), b"\0", &message.encode_to_vec()].concat();
    Ok(Some(RequestKey { id, body }))
}

/// A role, or nothing when it is left unspecified; numbers we do not know are refused.
pub(super) fn optional_role(
    field: &'static str,
    value: i32,
) -> Result<Option<Role>, FieldViolation> {
    match pb::Role::try_from(value) {
        Ok(pb::Role::Unspecified) => Ok(None),
        Ok(pb::Role::Owner) => Ok(Some(Role::Owner)),
        Ok(pb::Role::Admin) => Ok(Some(Role::Admin)),
        Ok(pb::Role::Member) => Ok(Some(Role::Member)),
        Err(_) => Err(unknown_value(field)),
    }
}

/// A role that must be given.
pub(super) fn required_role(field: &'static str, value: i32) -> Result<Role, FieldViolation> {
    optional_role(field, value)?
        .ok_or_else(|| FieldViolation::new(field, "REQUIRED", "must be a role"))
}

/// The paths of an update mask, each of which must be one that callers may set.
pub(super) fn mask<'a>(
    mask: Option<FieldMask>,
    settable: &[&'a str],
) -> Result<Vec<&'a str>, FieldViolation> {
    let refuse = |reason| {
        let may = format!("must name what to change, of: {}", settable.join(", "));
        Err(FieldViolation::new("update_mask", reason, may))
    };
    let paths = mask.map(|mask| mask.paths).unwrap_or_default();
    if paths.is_empty() {
        return refuse("REQUIRED");
    }
    let known = |path: &String| settable.iter().copied().find(|name| name == path);
    match paths.iter().map(known).collect() {
        Some(named) => Ok(named),
        None => refuse("PATH_NOT_SETTABLE"),
    }
}

/// A time, or nothing when it is left out; what no clock of ours can show is refused.
pub(super) fn optional_time(
    field: &'static str,
    time: Option<Timestamp>,
) -> Result<Option<Instant>, FieldViolation> {
    let Some(time) = time else { return Ok(None) };
    let refuse = || FieldViolation::new(field, "TIME_INVALID", "must be a time of our era");
    let micros = u32::try_from(time.nanos).ok().filter(|nanos| *nanos < 1_000_000_000);
    let micros = i64::from(micros.ok_or_else(refuse)? / 1_000);
    if !(FIRST_SECOND..=LAST_SECOND).contains(&time.seconds) {
        return Err(refuse());
    }
    Ok(Some(Instant::from_micros(time.seconds * 1_000_000 + micros)))
}

/// A text that must be given.
pub(super) fn required(field: &'static str, text: String) -> Result<String, FieldViolation> {
    if text.is_empty() {
        Err(FieldViolation::new(field, "REQUIRED", "must not be empty"))
    } else {
        Ok(text)
    }
}

pub(super) fn unknown_value(field: &'static str) -> FieldViolation {
    FieldViolation::new(field, "ENUM_VALUE_UNKNOWN", "is not a value of its enum")
}
