//! What an error tells, and to whom.

use super::{Error, FieldViolation, Kind, Reason};
use std::{collections::BTreeSet, time::Duration};

fn wrong(field: &'static str, reason: &'static str) -> FieldViolation {
    FieldViolation::new(field, reason, "must be otherwise")
}

#[test]
fn reasons_have_names_of_their_own() {
    let names: BTreeSet<_> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
    assert_eq!(names.len(), Reason::ALL.len());
}

#[test]
fn a_single_violation_decides_the_reason_and_several_are_field_invalid() {
    for (fields, expected) in [
        (vec![wrong("password", "PASSWORD_TOO_SHORT")], Reason::PasswordRefused),
        (vec![wrong("page_token", "TOO_LONG")], Reason::PageTokenInvalid),
        (vec![wrong("domain", "DOMAIN_BARE_LABEL")], Reason::DomainRefused),
        (vec![wrong("domains[0]", "DOMAIN_BARE_LABEL")], Reason::DomainRefused),
        (vec![wrong("email", "DOMAIN_BARE_LABEL")], Reason::FieldInvalid),
        (vec![wrong("domain", "REQUIRED")], Reason::FieldInvalid),
        (vec![wrong("slug", "SLUG_MALFORMED")], Reason::FieldInvalid),
        (vec![wrong("password", "PASSWORD_TOO_SHORT"); 2], Reason::FieldInvalid),
        (vec![], Reason::FieldInvalid),
    ] {
        let error = Error::invalid(fields.clone());
        assert_eq!(error.reason(), expected, "{fields:?}");
        assert_eq!((error.kind(), error.fields()), (Kind::Invalid, fields.as_slice()));
    }
}

#[test]
fn the_first_violation_is_what_the_message_says() {
    let error = Error::invalid(vec![wrong("slug", "A"), wrong("email", "B")]);
    assert_eq!(error.message(), "slug: must be otherwise");
    assert_eq!(error.metadata().get("field").map(String::as_str), Some("slug"));
    let none = Error::invalid(vec![]);
    assert_eq!((none.message(), none.metadata().len()), ("The request is not valid.", 0));
}

#[test]
fn an_error_says_no_more_than_it_was_given() {
    let plain = Error::new(Reason::LastOwner, "Somebody has to stay.");
    assert_eq!((plain.reason(), plain.kind()), (Reason::LastOwner, Kind::Precondition));
    assert_eq!(plain.message(), "Somebody has to stay.");
    assert!(plain.metadata().is_empty() && plain.fields().is_empty());
    assert_eq!((plain.retry_delay(), plain.is_retryable()), (None, false));
    assert_eq!(plain.log_detail(), None);

    let wait = Duration::from_secs(7);
    let full = plain.with("resource", "tenant").retry_after(wait).retryable();
    assert_eq!(full.metadata().get("resource").map(String::as_str), Some("tenant"));
    assert_eq!((full.retry_delay(), full.is_retryable()), (Some(wait), true));
}

// R-ERR-1
#[test]
fn the_detail_is_for_the_log_alone() {
    let error = Error::internal("duplicate key of \"users\"");
    assert_eq!((error.reason(), error.kind()), (Reason::Internal, Kind::Internal));
    assert_eq!(error.log_detail(), Some("duplicate key of \"users\""));
    assert_eq!(error.to_string(), error.message());
    assert!(!error.message().is_empty() && !error.message().contains("users"));
    assert_eq!(format!("{error:?}"), format!("INTERNAL: {error} [duplicate key of \"users\"]"));
    let replaced = error.with_detail(5);
    assert_eq!(replaced.log_detail(), Some("5"));
}

#[test]
fn what_is_not_found_is_named_by_its_kind() {
    let error = Error::not_found("tenant");
    assert_eq!((error.reason(), error.message()), (Reason::NotFound, "No such tenant."));
    assert_eq!(error.metadata().get("resource").map(String::as_str), Some("tenant"));
    assert_eq!(format!("{error:?}"), "NOT_FOUND: No such tenant.");
}
