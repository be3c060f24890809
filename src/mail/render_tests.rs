use super::*;
use crate::mail::tests::{NOW, id, proof};

fn eml(mail: &Mail, wire: Wire) -> String {
    let message = message(id(), mail, &default_from().unwrap(), NOW, wire).unwrap();
    String::from_utf8(message.formatted()).unwrap()
}

fn link(mail: &Mail) -> &str {
    let (Mail::SignUpProof { link, .. }
    | Mail::AccountExists { sign_in_url: link, .. }
    | Mail::Invitation { link, .. }) = mail;
    link
}

/// What `grep -o 'http[^ ]*'` finds.
fn links(eml: &str) -> Vec<&str> {
    let lines = eml.lines().filter(|line| line.contains("://"));
    lines.filter_map(|line| line.find("http").map(|at| &line[at..])).collect()
}

#[test]
fn headers_and_body_of_a_plain_mail() {
    let mail = proof("Acme");
    let eml = eml(&mail, Wire::AsWritten);
    let (head, body) = eml.split_once("\r\n\r\n").unwrap();
    for line in [
        "From: Reeve <no-reply@localhost>".to_owned(),
        "To: ann@example.com".to_owned(),
        "Subject: Finish signing up to Acme".to_owned(),
        "Date: Tue, 14 Nov 2023 22:13:20 +0000".to_owned(),
        format!("Message-ID: <{}@localhost>", id()),
        "MIME-Version: 1.0".to_owned(),
        "Content-Type: text/plain; charset=utf-8".to_owned(),
        "Content-Transfer-Encoding: 7bit".to_owned(),
        "Auto-Submitted: auto-generated".to_owned(),
    ] {
        assert_eq!(head.lines().filter(|have| *have == line).count(), 1, "{line}\n{head}");
    }
    assert!(body.contains("2023-11-15 22:13 UTC"));
    assert!(body.contains("If this was not you, ignore it"));
    assert_eq!(links(&eml), [link(&mail)]);
    assert!(body.lines().all(|line| line == link(&mail) || line.len() <= WIDTH));
    assert!(!body.replace("\r\n", "").contains(['\r', '\n']));
}

#[test]
fn a_foreign_name_travels_as_8bit_or_encoded() {
    let mail = proof("Größe & Söhne 株式会社");
    let plain = eml(&mail, Wire::AsWritten);
    assert!(plain.contains("Content-Transfer-Encoding: 8bit"));
    assert!(plain.contains("\"Größe & Söhne 株式会社\""));
    assert!(plain.split_once("\r\n\r\n").unwrap().0.is_ascii());
    assert_eq!(links(&plain), [link(&mail)]);
    let ascii = eml(&mail, Wire::Ascii);
    assert!(ascii.is_ascii() && ascii.contains("quoted-printable"));
    assert!(eml(&proof("Acme"), Wire::Ascii).contains("7bit"));
}

#[test]
fn a_name_cannot_inject_headers_lines_or_links() {
    let mail = proof(
        "Evil\r\nBcc: eve@example.net\r\n\r\nhttps://evil.example/x\u{202E}\u{200B}\u{1B}[31m\u{2028}www.evil.com\0",
    );
    let text = text(&mail).unwrap();
    assert_eq!(
        text.subject,
        "Finish signing up to Evil Bcc: eve@example. net https: evil. example/x [31m www. evil. com"
    );
    let eml = eml(&mail, Wire::AsWritten);
    assert!(!eml.lines().any(|line| line.starts_with("Bcc:")));
    let head = eml.split_once("\r\n\r\n").unwrap().0;
    assert_eq!(head.lines().filter(|line| !line.starts_with(' ')).count(), 9, "{head}");
    assert!(!eml.contains("://evil") && !eml.contains("evil.com") && !eml.contains('\u{1B}'));
    assert!(eml.lines().any(|line| line == link(&mail)));
}

// IN-33, R-INV-9
#[test]
fn an_invitation_tells_who_invites_where_and_until_when() {
    let mail = |tenant: &str, inviter: Option<&str>| Mail::Invitation {
        to: "bob@else.org".into(),
        tenant: tenant.into(),
        inviter: inviter.map(str::to_owned),
        link: "https://app.example.com/signup#token=a1-_&email=bob%40else.org".into(),
        expire_time: "2023-11-15T22:13:20Z".into(),
    };
    let plain = mail("Globex", Some("Ann Arbor"));
    let Text { subject, body } = text(&plain).unwrap();
    assert_eq!(subject, "You are invited to Globex");
    assert!(body.contains("Ann Arbor invites you to join \"Globex\"."), "{body}");
    assert!(body.contains("2023-11-15 22:13 UTC"), "{body}");
    assert_eq!(links(&eml(&plain, Wire::AsWritten)), [link(&plain)]);
    for nameless in [None, Some(""), Some("\u{200B}\r\n")] {
        let body = text(&mail("Globex", nameless)).unwrap().body;
        assert!(body.contains("Somebody invites you to join"), "{body}");
    }
    let evil = "Eve\r\nBcc: x@evil.test\r\n\r\nhttps://evil.test/\u{202E}\"<b>";
    let shown = eml(&mail(evil, Some(evil)), Wire::AsWritten);
    let head = shown.split_once("\r\n\r\n").unwrap().0;
    assert!(!head.lines().any(|line| line.starts_with("Bcc:")), "{head}");
    assert_eq!(head.lines().filter(|line| !line.starts_with(' ')).count(), 9, "{head}");
    assert!(!shown.contains("://evil") && !shown.contains("evil.test"), "{shown}");
    assert_eq!(links(&shown), [link(&plain)]);
}

#[test]
fn names_are_capped_and_never_empty() {
    assert_eq!(shown_name(&"x".repeat(5_000)).len(), NAME_MAX);
    assert_eq!(shown_name(" \u{200B}\r\n"), "an organisation");
    assert_eq!(shown_name("A/S \"St.Mary\" & Co."), "A/S 'St. Mary' & Co.");
    let long = eml(&proof(&"株".repeat(500)), Wire::AsWritten);
    assert!(long.lines().all(|line| line.len() <= 998));
}

#[test]
fn bad_links_and_recipients_are_refused_without_repeating_them() {
    let with = |to: &str, url: &str| Mail::AccountExists {
        to: to.into(),
        sign_in_url: url.into(),
        invited_to: None,
    };
    let good = "https://app.example.com/";
    let long = format!("{good}{}", "a".repeat(LINK_MAX));
    for mail in [
        with("ann@example.com", "javascript:secret"),
        with("ann@example.com", "https://a.example/\r\nsecret"),
        with("ann@example.com", &long),
        with("secret", good),
        with("ann@example.com\r\nBcc: secret@example.com", good),
        with("ann@example.com, secret@example.com", good),
        with("Secret <secret@example.com>", good),
    ] {
        let error = message(id(), &mail, &default_from().unwrap(), NOW, Wire::AsWritten);
        let error = error.err().unwrap();
        assert!(error.permanent && !error.why.contains("secret"), "{}", error.why);
    }
    let mail = with("ann@example.com", good);
    let eml = eml(&mail, Wire::AsWritten);
    assert!(
        eml.contains("already have an account") && eml.contains("\r\nhttps://app.example.com/\r\n")
    );
}

#[test]
fn times_out_of_range_do_not_panic() {
    for micros in [i64::MIN, -1, i64::MAX] {
        let now = Instant::from_micros(micros);
        let from = default_from().unwrap();
        assert!(message(id(), &proof("Acme"), &from, now, Wire::AsWritten).is_ok());
    }
}

// IN-33: whoever has an account is told how to accept, by a name that is one short line.
#[test]
fn an_account_that_is_invited_is_told_to_sign_in_and_accept() {
    let mail = |invited_to: Option<&str>| Mail::AccountExists {
        to: "ann@example.com".into(),
        sign_in_url: "https://app.example.com/signin".into(),
        invited_to: invited_to.map(str::to_owned),
    };
    let plain = text(&mail(None)).unwrap();
    assert!(!plain.body.contains("invitation"), "{}", plain.body);
    let invited = text(&mail(Some("Acme\r\nBcc: eve@evil.test\n\nhttps://evil.test"))).unwrap();
    assert_eq!(invited.subject, plain.subject);
    assert!(invited.body.replace('\n', " ").contains("To accept the invitation to \"Acme Bcc:"));
    assert!(!invited.body.contains("\nBcc") && !invited.body.contains("evil.test"));
    assert_eq!(links(&invited.body), ["https://app.example.com/signin"]);
    // A mail that was sealed before there were invitations still opens.
    let old = r#"{"AccountExists":{"to":"ann@example.com","sign_in_url":"https://app.example.com/signin"}}"#;
    assert!(serde_json::from_str::<Mail>(old).unwrap() == mail(None));
}
