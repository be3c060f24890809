//! Collects what is wrong with a request, field by field.

use super::super::call::Parsed;
use crate::{
    model::{
        clock::Instant,
        error::FieldViolation,
        page::{PageRequest, PageSize},
        role::Role,
    },
    pb::common::v1 as pb,
};
use prost_types::Timestamp;

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

pub(super) fn unknown_value(field: &'static str) -> FieldViolation {
    FieldViolation::new(field, "ENUM_VALUE_UNKNOWN", "is not a value of its enum")
}
