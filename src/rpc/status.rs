//! Errors on the wire: one gRPC code a kind, exactly one `ErrorInfo` an answer.

use crate::model::{Error, Kind, Reason};
use http::HeaderMap;
use std::collections::HashMap;
use tonic::{Code, Status, metadata::MetadataMap};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt};

/// `ErrorInfo.domain` of every answer.
pub const DOMAIN: &str = "reeve";

const MAX_MESSAGE: usize = 256;
const INTERNAL: &str = "Internal error. Quote the request id when you report it.";

/// Reasons that the transport gives by itself, for calls that reach no operation.
pub const UNIMPLEMENTED: &str = "UNIMPLEMENTED";
pub const MESSAGE_MALFORMED: &str = "MESSAGE_MALFORMED";
pub const MESSAGE_TOO_LARGE: &str = "MESSAGE_TOO_LARGE";
pub const CANCELLED: &str = "CANCELLED";

const TRANSPORT_REASONS: [&str; 4] =
    [UNIMPLEMENTED, MESSAGE_MALFORMED, MESSAGE_TOO_LARGE, CANCELLED];

/// How tonic's own INTERNAL begins when the caller is at fault.
const CALLERS_FAULT: [&str; 5] = [
    "failed to decode Protobuf message",
    "protocol error",
    "Missing request message",
    "Unexpected EOF",
    "Error decompressing",
];

/// Renders an error. The text for the log is left out.
pub fn to_status(error: &Error, request_id: &str) -> Status {
    let mut metadata: HashMap<String, String> =
        error.metadata().iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
    let code = code_of(error.kind());
    if code == Code::Internal {
        metadata.insert("request_id".to_owned(), request_id.to_owned());
    }
    let mut details = ErrorDetails::new();
    details.set_error_info(error.reason().as_str(), DOMAIN, metadata);
    if !error.fields().is_empty() {
        details.set_bad_request(error.fields().iter().map(violation).collect::<Vec<_>>());
    }
    let mut trailers = MetadataMap::new();
    if let Some(delay) = error.retry_delay() {
        details.set_retry_info(Some(delay));
        let millis = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        trailers.insert("grpc-retry-pushback-ms", millis.into());
    }
    Status::with_error_details_and_metadata(code, shorten(error.message()), details, trailers)
}

/// An answer of the transport itself, with a reason outside `model::Reason`.
pub fn transport_status(code: Code, reason: &str, message: &str) -> Status {
    let mut details = ErrorDetails::new();
    details.set_error_info(reason, DOMAIN, HashMap::new());
    Status::with_error_details(code, shorten(message), details)
}

/// Gives an answer that tonic made by itself the form of ours, and tells the reason of any
/// answer that is not OK. Takes trailers, or the headers of a trailers-only answer.
pub fn adopt(headers: &mut HeaderMap, request_id: &str) -> Option<&'static str> {
    let code = Code::from_bytes(headers.get(Status::GRPC_STATUS)?.as_bytes());
    if code == Code::Ok {
        return None;
    }
    let theirs = Status::from_header_map(headers)?;
    if headers.contains_key(Status::GRPC_STATUS_DETAILS) {
        return known(&theirs.get_details_error_info()?.reason);
    }
    let ours = translate(&theirs, request_id);
    // Only an invalid header value can fail, and these texts are constant.
    ours.add_header(headers).ok();
    known(&ours.get_details_error_info()?.reason)
}

fn translate(theirs: &Status, request_id: &str) -> Status {
    let blame_caller = CALLERS_FAULT.iter().any(|start| theirs.message().starts_with(start));
    match theirs.code() {
        Code::Internal if blame_caller => transport_status(
            Code::InvalidArgument,
            MESSAGE_MALFORMED,
            "The request is not one well-formed message.",
        ),
        Code::OutOfRange => transport_status(
            Code::ResourceExhausted,
            MESSAGE_TOO_LARGE,
            "The message is larger than this service accepts.",
        ),
        Code::Unimplemented => unimplemented(),
        Code::Cancelled => transport_status(Code::Cancelled, CANCELLED, "The call was cancelled."),
        Code::NotFound => to_status(&Error::not_found("symbol"), request_id),
        Code::InvalidArgument => transport_status(
            Code::InvalidArgument,
            Reason::FieldInvalid.as_str(),
            "The request is not valid.",
        ),
        Code::DeadlineExceeded => {
            to_status(&Error::new(Reason::DeadlineExceeded, "The deadline has passed."), request_id)
        }
        _ => to_status(&Error::new(Reason::Internal, INTERNAL), request_id),
    }
}

/// The answer to an unknown method, encoding or cardinality.
pub fn unimplemented() -> Status {
    transport_status(
        Code::Unimplemented,
        UNIMPLEMENTED,
        "No such method, or not with this encoding or number of messages.",
    )
}

fn known(reason: &str) -> Option<&'static str> {
    let ours = Reason::ALL.iter().map(|known| known.as_str());
    ours.chain(TRANSPORT_REASONS).find(|known| *known == reason)
}

fn violation(field: &crate::model::error::FieldViolation) -> FieldViolation {
    FieldViolation {
        field: field.field.to_owned(),
        description: field.description.clone().into_owned(),
        reason: field.reason.to_owned(),
        localized_message: None,
    }
}

fn shorten(message: &str) -> &str {
    &message[..message.floor_char_boundary(MAX_MESSAGE)]
}

/// The gRPC code of a kind.
pub const fn code_of(kind: Kind) -> Code {
    match kind {
        Kind::Invalid => Code::InvalidArgument,
        Kind::Unauthenticated => Code::Unauthenticated,
        Kind::Denied => Code::PermissionDenied,
        Kind::NotFound => Code::NotFound,
        Kind::Exists => Code::AlreadyExists,
        Kind::Aborted => Code::Aborted,
        Kind::Precondition => Code::FailedPrecondition,
        Kind::Exhausted => Code::ResourceExhausted,
        Kind::Unavailable => Code::Unavailable,
        Kind::DeadlineExceeded => Code::DeadlineExceeded,
        Kind::Internal => Code::Internal,
    }
}

/// The name of a code, as logs and metrics write it.
pub const fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::error::FieldViolation as Field;
    use std::time::Duration;

    #[test]
    fn an_internal_error_tells_the_request_id_and_nothing_else() {
        let status = to_status(&Error::internal("select * from users"), "r1");
        assert_eq!((status.code(), status.message()), (Code::Internal, INTERNAL));
        let info = status.get_details_error_info().unwrap();
        assert_eq!((info.reason.as_str(), info.domain.as_str()), ("INTERNAL", DOMAIN));
        assert_eq!(info.metadata.get("request_id").map(String::as_str), Some("r1"));
        assert!(!format!("{status:?}").contains("select"));
    }

    #[test]
    fn every_field_is_reported_with_its_reason() {
        let fields = vec![Field::new("a", "A_BAD", "no"), Field::new("b", "B_BAD", "no")];
        let status = to_status(&Error::invalid(fields), "r1");
        let violations = status.get_details_bad_request().unwrap().field_violations;
        assert_eq!(violations.iter().map(|v| &*v.reason).collect::<Vec<_>>(), ["A_BAD", "B_BAD"]);
        assert!(!status.get_details_error_info().unwrap().metadata.contains_key("request_id"));
    }

    #[test]
    fn a_retry_delay_is_in_the_details_and_the_trailers() {
        let error =
            Error::new(Reason::Overloaded, "Busy.").retry_after(Duration::from_millis(1500));
        let status = to_status(&error, "r1");
        let delay = status.get_details_retry_info().unwrap().retry_delay;
        assert_eq!(delay, Some(Duration::from_millis(1500)));
        assert_eq!(status.metadata().get("grpc-retry-pushback-ms").unwrap(), "1500");
    }

    #[test]
    fn a_message_ends_on_a_character_within_the_limit() {
        let status = to_status(&Error::new(Reason::Conflict, "ä".repeat(200) + "x"), "r1");
        assert_eq!(status.message(), "ä".repeat(128));
        let status =
            to_status(&Error::new(Reason::Conflict, format!("x{}", "ä".repeat(200))), "r1");
        assert_eq!(status.message().len(), 255);
    }

    #[test]
    fn tonics_own_answers_are_translated_and_ours_are_kept() {
        let cases = [
            (Status::out_of_range("x"), Code::ResourceExhausted, MESSAGE_TOO_LARGE),
            (
                Status::internal("failed to decode Protobuf message: y"),
                Code::InvalidArgument,
                MESSAGE_MALFORMED,
            ),
            (Status::internal("Error encoding: y"), Code::Internal, "INTERNAL"),
            (Status::unknown("y"), Code::Internal, "INTERNAL"),
            (Status::unimplemented(""), Code::Unimplemented, UNIMPLEMENTED),
            (to_status(&Error::new(Reason::Conflict, "y"), "r"), Code::Aborted, "CONFLICT"),
        ];
        for (theirs, code, reason) in cases {
            let mut headers = HeaderMap::new();
            theirs.add_header(&mut headers).unwrap();
            assert_eq!(adopt(&mut headers, "r1"), Some(reason));
            let status = Status::from_header_map(&headers).unwrap();
            assert_eq!(status.code(), code);
            assert_eq!(status.get_error_details_vec().len(), 1);
        }
    }
}
