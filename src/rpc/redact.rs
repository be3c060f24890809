//! `Debug` of the messages that hold a password or a token: the name of the
//! type and nothing else, so that no log line can print what is inside. The
//! generated one is switched off for the same list in `build.rs`.

use std::fmt;

macro_rules! redact {
    ($($type:ty => $name:literal),+ $(,)?) => {$(
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($name)
            }
        }
    )+};
}

redact! {
    crate::pb::auth::v1::CreateApiKeyResponse => "CreateApiKeyResponse",
    crate::pb::auth::v1::MfaChallenge => "MfaChallenge",
    crate::pb::auth::v1::RefreshSessionRequest => "RefreshSessionRequest",
    crate::pb::auth::v1::RefreshSessionResponse => "RefreshSessionResponse",
    crate::pb::auth::v1::Session => "Session",
    crate::pb::auth::v1::SignInRequest => "SignInRequest",
    crate::pb::auth::v1::SignInResponse => "SignInResponse",
    crate::pb::auth::v1::SignUpRequest => "SignUpRequest",
    crate::pb::auth::v1::SignUpResponse => "SignUpResponse",
    crate::pb::auth::v1::StartSignUpRequest => "StartSignUpRequest",
    crate::pb::auth::v1::SwitchTenantResponse => "SwitchTenantResponse",
    crate::pb::auth::v1::ValidateTokenRequest => "ValidateTokenRequest",
    crate::pb::auth::v1::sign_in_response::Outcome => "Outcome",
    crate::pb::invitation::v1::AcceptInvitationRequest => "AcceptInvitationRequest",
    crate::pb::invitation::v1::CreateInvitationResponse => "CreateInvitationResponse",
    crate::pb::invitation::v1::DeclineInvitationRequest => "DeclineInvitationRequest",
    crate::pb::invitation::v1::PreviewInvitationRequest => "PreviewInvitationRequest",
    crate::pb::invitation::v1::ResendInvitationResponse => "ResendInvitationResponse",
}

#[cfg(test)]
mod tests {
    use crate::pb::auth::v1::sign_in_response::Outcome;
    use crate::pb::auth::v1::{Session, SignInRequest, SignInResponse};

    #[test]
    fn debug_prints_no_secret() {
        let request =
            SignInRequest { password: "correct horse".to_owned(), ..SignInRequest::default() };
        assert_eq!(format!("{request:?}"), "SignInRequest");

        let session = Session { refresh_token: "correct horse".to_owned(), ..Session::default() };
        let outcome = Outcome::Session(session);
        assert_eq!(format!("{outcome:?}"), "Outcome");
        let response = SignInResponse { outcome: Some(outcome) };
        assert_eq!(format!("{response:#?}"), "SignInResponse");
    }
}
