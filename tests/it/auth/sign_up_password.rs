//! Which passwords `SignUp` takes, and that it keeps them whole.

use crate::support::{Backend, Options, Server, assert_refused, violated_fields};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

/// A password of so many code points, some of them wide, and unlike any common one.
fn of(chars: usize) -> String {
    "q🦀vé7wz".chars().cycle().take(chars).collect()
}

/// The refusal's one reason, once it is sure that it is about the password alone.
fn why(status: &Status) -> String {
    assert_eq!(violated_fields(status), ["password"]);
    let bad = status.get_details_bad_request().unwrap();
    assert!(!status.message().contains("Company"), "the message repeats the password");
    bad.field_violations[0].reason.clone()
}

on_both! {
    // SU-33, R-PW-1: 12 to 256 code points by default.
    async fn length_is_counted_in_code_points(backend: Backend) {
        let server = Server::start(backend).await;
        server.create_tenant("acme", &["acme.com"]).await;
        let token = server.start_sign_up("ann@acme.com").await;
        for (chars, expected) in [
            (11, "PASSWORD_TOO_SHORT"),
            (257, "PASSWORD_TOO_LONG"),
            (5_000, "PASSWORD_TOO_LONG"),
        ] {
            let refused = server.try_sign_up(&token, "ann@acme.com", &of(chars)).await;
            let status = assert_refused(refused, Code::InvalidArgument, "PASSWORD_REFUSED");
            assert_eq!(why(&status), expected, "{chars}");
        }
        assert_eq!(server.count("users").await, 0);
        for chars in [12, 14, 15, 64, 256] {
            let email = format!("u{chars}@acme.com");
            let token = server.start_sign_up(&email).await;
            server.try_sign_up(&token, &email, &of(chars)).await.unwrap();
            server.sign_in(&email, &of(chars)).await.unwrap();
        }
        // A refused password has not used the token up.
        server.try_sign_up(&token, "ann@acme.com", &of(20)).await.unwrap();
    }

    // SU-33: an operator can raise the minimum to what NIST asks for.
    async fn the_minimum_is_the_operators(backend: Backend) {
        let strict = Options(vec![("REEVE_PASSWORD_MIN", "15".to_owned())]);
        let server = Server::start_with(backend, strict).await;
        server.create_tenant("acme", &["acme.com"]).await;
        let token = server.start_sign_up("ann@acme.com").await;
        let refused = server.try_sign_up(&token, "ann@acme.com", &of(14)).await;
        let status = assert_refused(refused, Code::InvalidArgument, "PASSWORD_REFUSED");
        assert_eq!(why(&status), "PASSWORD_TOO_SHORT");
        server.try_sign_up(&token, "ann@acme.com", &of(15)).await.unwrap();
    }

    // SU-34, SU-35, SU-36, R-PW-2, R-PW-3
    async fn common_and_telling_passwords_are_refused(backend: Backend) {
        let server = Server::start(backend).await;
        server.create_tenant("megacorp", &["company.com"]).await;
        let token = server.start_sign_up("testuser@company.com").await;
        for (password, expected) in [
            ("Password1234", "PASSWORD_TOO_COMMON"),
            ("!!1234567890", "PASSWORD_TOO_COMMON"),
            ("zzzzzzzzzzzzzzz", "PASSWORD_TOO_COMMON"),
            ("MegaCorp2031!", "PASSWORD_CONTAINS_CONTEXT"),
            ("Company-2031!", "PASSWORD_CONTAINS_CONTEXT"),
            ("TestUser@Company.com", "PASSWORD_CONTAINS_CONTEXT"),
            ("TESTUSER-2031", "PASSWORD_CONTAINS_CONTEXT"),
            ("Reeve-2031-!", "PASSWORD_CONTAINS_CONTEXT"),
        ] {
            let refused = server.try_sign_up(&token, "testuser@company.com", password).await;
            let status = assert_refused(refused, Code::InvalidArgument, "PASSWORD_REFUSED");
            assert_eq!(why(&status), expected, "{password}");
        }
        assert_eq!(server.count("users").await, 0);
        // SU-36: no digit, no capital, no mark.
        server.try_sign_up(&token, "testuser@company.com", "kqzvmwtyplhr").await.unwrap();
    }

    // A tenant's words are not told to who has no proof: the password is looked at after it.
    async fn without_a_proof_no_password_is_judged(backend: Backend) {
        let server = Server::start(backend).await;
        server.create_tenant("acme", &["acme.com"]).await;
        for password in ["short", "Password1234", "a perfectly fine one"] {
            let refused = server.try_sign_up("su_x.y.z", "ann@acme.com", password).await;
            assert_refused(refused, Code::FailedPrecondition, "MAILBOX_PROOF_INVALID");
        }
    }

    // SU-37, SU-39, G-75: every byte counts, past the 72nd and at the ends.
    async fn nothing_is_cut_off_or_trimmed(backend: Backend) {
        let server = Server::start(backend).await;
        server.create_tenant("acme", &["acme.com"]).await;
        let long = format!("{}tail", of(72));
        let spaced = "  two  blank ends  ";
        for (email, password) in [("ann@acme.com", long.as_str()), ("bob@acme.com", spaced)] {
            let token = server.start_sign_up(email).await;
            server.try_sign_up(&token, email, password).await.unwrap();
            server.sign_in(email, password).await.unwrap();
            let mut cut = password.to_owned();
            cut.pop();
            for wrong in [cut.as_str(), password.trim(), &password.replace("  ", " "), &of(72)] {
                if wrong != password {
                    let refused = server.sign_in(email, wrong).await;
                    assert_refused(refused, Code::Unauthenticated, "SIGN_IN_FAILED");
                }
            }
        }
    }

    // SU-38: one password, however the keyboard composes it.
    async fn unicode_forms_are_one_password(backend: Backend) {
        let server = Server::start(backend).await;
        server.create_tenant("acme", &["acme.com"]).await;
        let (composed, decomposed) = ("caf\u{e9} au lait noir", "cafe\u{301} au lait noir");
        for (email, set, check) in
            [("ann@acme.com", composed, decomposed), ("bob@acme.com", decomposed, composed)]
        {
            let token = server.start_sign_up(email).await;
            server.try_sign_up(&token, email, set).await.unwrap();
            server.sign_in(email, check).await.unwrap();
            server.sign_in(email, set).await.unwrap();
            let refused = server.sign_in(email, "cafe au lait noir").await;
            assert_refused(refused, Code::Unauthenticated, "SIGN_IN_FAILED");
        }
    }
}
