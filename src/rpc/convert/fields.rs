//! Collects what is wrong with a request, field by field.

use super::super::call::Parsed;
use crate::{
    access::Action,
    model::{
        error::FieldViolation,
        id::{Id as _, RequestId},
        page::{PageRequest, PageSize},
        request_key::RequestKey,
        role::Role,
    },
    pb::common::v1 as pb,
};

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

pub(super) fn unknown_value(field: &'static str) -> FieldViolation {
    FieldViolation::new(field, "ENUM_VALUE_UNKNOWN", "is not a value of its enum")
}
