//! Which texts are addresses, and under which key.

use super::{EmailAddress, EmailKey};

fn refusal(text: &str) -> &'static str {
    EmailAddress::parse("email", text).map_or_else(|refused| refused.reason, |_| "accepted")
}

fn address(text: &str) -> EmailAddress {
    EmailAddress::parse("email", text).unwrap()
}

/// An address with so many characters before the `@` and in all.
fn long(local: usize, total: usize) -> String {
    let label = "b".repeat(63);
    let end = "c".repeat(total - local - 1 - 2 * 64);
    format!("{}@{label}.{label}.{end}", "a".repeat(local))
}

#[test]
fn the_key_is_the_address_in_lower_case() {
    let ann = address("Ann.O'Neil+x_1-2@ACME.com");
    assert_eq!(ann.as_typed(), "Ann.O'Neil+x_1-2@ACME.com");
    assert_eq!(ann.key().as_str(), "ann.o'neil+x_1-2@acme.com");
    assert_eq!((ann.local_part(), ann.domain().as_str()), ("ann.o'neil+x_1-2", "acme.com"));
    assert!(ann.key() == address("ann.o'neil+X_1-2@acme.COM").key());
    // SU-25: a tag makes another address.
    assert!(address("ann+x@acme.com").key() != address("ann@acme.com").key());
}

// SU-26, SU-27
#[test]
fn an_address_and_its_parts_have_a_longest() {
    assert_eq!((refusal(&long(64, 254)), refusal(&long(64, 255))), ("accepted", "TOO_LONG"));
    assert_eq!((refusal(&long(65, 200)), refusal(&long(66, 200))), ("TOO_LONG", "TOO_LONG"));
}

// R-EM-2, R-EM-3
#[test]
fn what_is_no_address_is_refused_by_its_rule() {
    for (text, reason) in [
        ("", "REQUIRED"),
        ("\u{e4}nn@acme.com", "EMAIL_NOT_ASCII"),
        ("ann@\u{ff41}cme.com", "EMAIL_NOT_ASCII"),
        ("ann\u{ff20}acme.com", "EMAIL_NOT_ASCII"),
        ("ann.acme.com", "EMAIL_MALFORMED"),
        ("@acme.com", "EMAIL_LOCAL_PART_REFUSED"),
        (".ann@acme.com", "EMAIL_LOCAL_PART_REFUSED"),
        ("ann.@acme.com", "EMAIL_LOCAL_PART_REFUSED"),
        ("an..n@acme.com", "EMAIL_LOCAL_PART_REFUSED"),
        ("a n@acme.com", "EMAIL_LOCAL_PART_REFUSED"),
        ("\"ann\"@acme.com", "EMAIL_LOCAL_PART_REFUSED"),
        ("ann@evil.test@acme.com", "EMAIL_LOCAL_PART_REFUSED"),
        ("evil.test!ann@acme.com", "EMAIL_LOCAL_PART_REFUSED"),
        ("ann%acme.com@evil.test", "EMAIL_LOCAL_PART_REFUSED"),
        ("ann@", "REQUIRED"),
        ("ann@acme", "DOMAIN_BARE_LABEL"),
        ("ann@acme.com\n", "DOMAIN_MALFORMED"),
    ] {
        assert_eq!(refusal(text), reason, "{text:?}");
    }
}

#[test]
fn who_may_not_know_an_address_sees_its_first_letter() {
    assert_eq!(address("Bob@else.org").masked(), "b***@else.org");
    assert_eq!(address("b@else.org").masked(), "b***@else.org");
}

#[test]
fn a_stored_address_is_taken_as_it_is() {
    let stored = |key: &str| EmailAddress::from_stored("As Typed".to_owned(), key.to_owned());
    let odd = stored("a@b@else.org");
    assert_eq!((odd.as_typed(), odd.key().as_str()), ("As Typed", "a@b@else.org"));
    assert_eq!((odd.local_part(), odd.domain().as_str()), ("a@b", "else.org"));
    // Rows of foreign writers.
    let none = stored("nobody");
    assert_eq!((none.local_part(), none.domain().as_str()), ("", ""));
    assert_eq!(EmailKey::from_stored("k".to_owned()).as_str(), "k");
}

// R-LOG-1
#[test]
fn an_address_does_not_print_itself() {
    let ann = address("ann@acme.com");
    assert_eq!(format!("{ann:?} {:?}", ann.key()), "EmailAddress(…) EmailKey(…)");
}

#[test]
fn a_tag_is_what_follows_a_plus_in_the_local_part() {
    for (typed, key) in [
        ("ann+x@acme.com", "ann@acme.com"),
        ("Ann+x+y@Acme.com", "ann@acme.com"),
        ("ann@acme.com", "ann@acme.com"),
        ("ann.x@acme.com", "ann.x@acme.com"),
    ] {
        assert_eq!(address(typed).key().without_tag().as_str(), key, "{typed}");
    }
}
