//! Which texts are domain names, and which of those can be claimed.

use super::DomainName;

fn refusal(text: &str) -> &'static str {
    DomainName::parse("domain", text).map_or_else(|refused| refused.reason, |_| "accepted")
}

fn name(text: &str) -> DomainName {
    DomainName::parse("domain", text).unwrap()
}

/// A name of as many characters.
fn long(length: usize) -> String {
    let label = "a".repeat(63);
    let end = "b".repeat(length - 3 * 64);
    format!("{label}.{label}.{label}.{end}")
}

#[test]
fn only_the_case_of_a_name_is_changed() {
    for (text, canonical) in [
        ("Acme.COM", "acme.com"),
        ("x.com", "x.com"),
        ("a1-b.4c.example", "a1-b.4c.example"),
        ("3com.com", "3com.com"),
        ("XN--bcher-KVA.example", "xn--bcher-kva.example"),
    ] {
        assert_eq!(name(text).as_str(), canonical);
    }
}

#[test]
fn a_name_and_its_labels_have_a_longest() {
    assert_eq!((refusal(&long(253)), refusal(&long(254))), ("accepted", "TOO_LONG"));
    let label = |length| format!("{}.com", "a".repeat(length));
    assert_eq!((refusal(&label(63)), refusal(&label(64))), ("accepted", "DOMAIN_MALFORMED"));
}

// R-EM-2, R-DOM-2, SU-11, SU-17
#[test]
fn what_is_no_name_is_refused_by_its_rule() {
    for (text, reason) in [
        ("", "REQUIRED"),
        ("\u{430}cme.com", "DOMAIN_NOT_ASCII"),
        ("acme.com.", "DOMAIN_TRAILING_DOT"),
        (".", "DOMAIN_TRAILING_DOT"),
        ("127.0.0.1", "DOMAIN_IS_ADDRESS"),
        ("1.2.3", "DOMAIN_IS_ADDRESS"),
        ("::1", "DOMAIN_IS_ADDRESS"),
        ("[2001:db8::1]", "DOMAIN_IS_ADDRESS"),
        ("::ffff:127.0.0.1", "DOMAIN_IS_ADDRESS"),
        ("acme", "DOMAIN_BARE_LABEL"),
        ("localhost", "DOMAIN_BARE_LABEL"),
        (".acme.com", "DOMAIN_MALFORMED"),
        ("acme..com", "DOMAIN_MALFORMED"),
        ("-acme.com", "DOMAIN_MALFORMED"),
        ("acme-.com", "DOMAIN_MALFORMED"),
        // G-28: an xn-- label with nothing to decode.
        ("xn--acme-.com", "DOMAIN_MALFORMED"),
        ("xn--.com", "DOMAIN_MALFORMED"),
        ("ac_me.com", "DOMAIN_MALFORMED"),
        ("acme.com ", "DOMAIN_MALFORMED"),
        ("acme.com:25", "DOMAIN_MALFORMED"),
        ("acme.com\0.evil.test", "DOMAIN_MALFORMED"),
    ] {
        assert_eq!(refusal(text), reason, "{text:?}");
    }
}

// G-28: a name has one spelling, whatever a decoder would make of another.
#[test]
fn an_xn_label_is_what_its_characters_encode_to() {
    for text in [
        // No Punycode.
        "xn--99999999.com",
        // Decodes to what is no host name: hyphens in the third and fourth place.
        "xn--ab---3ra.com",
        // One that is good beside it makes it no better.
        "xn--bcher-kva.xn--99999999.com",
        // Reserved for other encodings.
        "ab--cd.com",
        "ab--cd.xn--bcher-kva.com",
    ] {
        assert_eq!(refusal(text), "DOMAIN_IDNA_INVALID", "{text}");
    }
}

#[test]
fn parents_come_longest_first_and_end_above_the_last_label() {
    let deep = name("a.b.example.com");
    assert_eq!(deep.with_parents(), ["a.b.example.com", "b.example.com", "example.com"]);
    assert_eq!(name("example.com").with_parents(), ["example.com"]);
}

// SU-46
#[test]
fn nobody_claims_what_many_share() {
    let of = |text: &str| {
        name(text).check_claimable("domain").map_or_else(|refused| refused.reason, |()| "claimable")
    };
    for (text, expected) in [
        ("acme.com", "claimable"),
        ("mail.acme.co.uk", "claimable"),
        ("acme.github.io", "claimable"),
        ("co.uk", "DOMAIN_PUBLIC_SUFFIX"),
        ("github.io", "DOMAIN_PUBLIC_SUFFIX"),
        ("gmail.com", "DOMAIN_CONSUMER_MAIL"),
        ("mail.gmail.com", "DOMAIN_CONSUMER_MAIL"),
        ("acme.localhost", "DOMAIN_SPECIAL_USE"),
        ("printer.local", "DOMAIN_SPECIAL_USE"),
        ("acme.internal", "DOMAIN_SPECIAL_USE"),
        ("acme.onion", "DOMAIN_SPECIAL_USE"),
        ("1.10.in-addr.arpa", "DOMAIN_SPECIAL_USE"),
    ] {
        assert_eq!(of(text), expected, "{text}");
    }
}

#[test]
fn a_stored_name_is_taken_as_it_is() {
    assert_eq!(DomainName::from_stored("No Name".to_owned()).as_str(), "No Name");
}
