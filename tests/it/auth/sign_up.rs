//! `SignUp`: what it makes, and what a caller cannot make of it.

use crate::support::{
    Backend, Options, Server, assert_refused, claims, server::PASSWORD, violated_fields,
};
use reeve::pb::{
    auth::v1::{SignUpRequest, SignUpResponse},
    common::v1::Role,
};
use tonic::{Code, Request, codegen::http::uri::PathAndQuery};

/// `SignUpRequest` with fields that it does not have.
#[derive(Clone, PartialEq, prost::Message)]
struct Greedy {
    #[prost(string, tag = "1")]
    token: String,
    #[prost(string, tag = "2")]
    email: String,
    #[prost(string, tag = "3")]
    password: String,
    #[prost(string, tag = "4")]
    display_name: String,
    #[prost(string, tag = "5")]
    tenant_id: String,
    #[prost(bool, tag = "6")]
    email_verified: bool,
    #[prost(int32, tag = "7")]
    role: i32,
    #[prost(string, tag = "100")]
    invitation_token: String,
}

on_both! {
    // The guide's own example, with the default settings; SU-01.
    async fn the_published_example_works(backend: Backend) {
        let server = Server::start(backend).await;
        let company = server.create_tenant("company", &["company.com"]).await;
        let token = server.start_sign_up("testuser@company.com").await;
        let session =
            server.try_sign_up(&token, "testuser@company.com", "TestPass123!").await.unwrap();
        assert_eq!(claims(&session.access_token)["tenant_id"], company.as_str());
        let profile = session.profile.unwrap();
        assert_eq!((profile.role(), profile.tenant_id), (Role::Member, company));
        assert!(session.user.unwrap().email_verified);
        server.sign_in("testuser@company.com", "TestPass123!").await.unwrap();
    }

    // SU-01, R-ENR-1: account, profile, session and event are one commit.
    async fn one_commit_makes_everything(backend: Backend) {
        let server = Server::start(backend).await;
        server.create_tenant("acme", &["acme.com"]).await;
        let token = server.start_sign_up("ann@acme.com").await;
        // SU-03: before the proof there is nothing that could sign in.
        assert_eq!(server.count("users").await + server.count("user_profiles").await, 0);
        let refused = server.sign_in("ann@acme.com", PASSWORD).await;
        assert_refused(refused, Code::Unauthenticated, "SIGN_IN_FAILED");

        server.try_sign_up(&token, "ann@acme.com", PASSWORD).await.unwrap();
        for (from, rows) in [
            ("users WHERE verified_time IS NOT NULL", 1),
            ("user_profiles WHERE role = 'member' AND state = 'active'", 1),
            ("sessions WHERE end_time IS NULL", 1),
            ("events WHERE kind = 'user.created'", 1),
            ("pending_sign_ups", 0),
        ] {
            assert_eq!(server.count(from).await, rows, "{from}");
        }
        // R-PW-4, TK-63: neither password nor token is stored in clear.
        let hashed = "users WHERE password_hash LIKE '$argon2id$v=19$m=19456,t=2,p=1$%'";
        assert_eq!(server.count(hashed).await, 1);
    }

    // SU-30, SU-31, SU-32, R-TEN-8: what is not in the message cannot be set by it.
    async fn unknown_fields_set_nothing(backend: Backend) {
        let server = Server::start(backend).await;
        let acme = server.create_tenant("acme", &["acme.com"]).await;
        let other = server.create_tenant("other", &["other.com"]).await;
        let token = server.start_sign_up("ann@acme.com").await;
        let greedy = Greedy {
            token,
            email: "ann@acme.com".to_owned(),
            password: PASSWORD.to_owned(),
            display_name: "Ann".to_owned(),
            tenant_id: other.clone(),
            email_verified: true,
            role: Role::Owner.into(),
            invitation_token: "x".to_owned(),
        };
        let session = greedy_sign_up(&server, greedy.clone()).await.unwrap().session.unwrap();
        let profile = session.profile.unwrap();
        assert_eq!((profile.tenant_id, profile.role), (acme, Role::Member.into()));
        assert_eq!(claims(&session.access_token)["role"], "member");
        let foreign = server.literal(&other);
        assert_eq!(server.count(&format!("user_profiles WHERE tenant_id = {foreign}")).await, 0);

        // SU-32: nor does it stand in for the proof.
        let unproven = Greedy { token: String::new(), email: "bob@acme.com".to_owned(), ..greedy };
        let refused = greedy_sign_up(&server, unproven).await;
        let status = assert_refused(refused, Code::InvalidArgument, "FIELD_INVALID");
        assert_eq!(violated_fields(&status), ["token"]);
    }

    // SU-25, SU-29: tags are part of the address, case is not.
    async fn tags_tell_addresses_apart_and_case_does_not(backend: Backend) {
        let server = Server::start(backend).await;
        server.create_tenant("acme", &["acme.com"]).await;
        let plain = server.sign_up("Ann@Acme.com").await.user.unwrap();
        assert_eq!(plain.email, "Ann@Acme.com");
        let tagged = server.sign_up("ann+news@acme.com").await.user.unwrap();
        assert_ne!(plain.id, tagged.id);
        for address in ["ann@acme.com", "ANN@ACME.COM"] {
            assert_eq!(server.sign_in(address, PASSWORD).await.unwrap().user.unwrap(), plain);
        }
        // The token that the known address would have got does not make a second account.
        server.try_start("ANN@acme.com").await.unwrap();
        let id = pending_id(&server).await;
        let forged = server.app.ring().unwrap().sign_up_token(id, "ann@acme.com", None).0;
        let refused = server.try_sign_up(&forged, "aNN@acme.com", PASSWORD).await;
        assert_refused(refused, Code::AlreadyExists, "ACCOUNT_EXISTS");
        assert_eq!(server.count("users").await, 2);
    }

    // Every field that is wrong is named, before anything is looked up.
    async fn wrong_fields_are_all_named(backend: Backend) {
        let server = Server::start(backend).await;
        let request = SignUpRequest {
            display_name: "Ann\r\nBcc: eve@evil.test".to_owned(),
            email: "ann".to_owned(),
            ..Default::default()
        };
        let refused = server.auth().sign_up(request).await;
        let status = assert_refused(refused, Code::InvalidArgument, "FIELD_INVALID");
        assert_eq!(violated_fields(&status), ["email", "password", "display_name"]);
    }

    // Outside production a proof may be left out; the account then says that it is unproven.
    async fn without_a_required_proof_the_address_stays_unverified(backend: Backend) {
        let relaxed = Options(vec![("REEVE_REQUIRE_VERIFIED_EMAIL", "false".to_owned())]);
        let server = Server::start_with(backend, relaxed).await;
        server.create_tenant("acme", &["acme.com"]).await;
        let session = server.try_sign_up("", "ann@acme.com", PASSWORD).await.unwrap();
        assert!(!session.user.unwrap().email_verified);
        assert_eq!(claims(&session.access_token)["email_verified"], false);
        let again = server.try_sign_up("", "ANN@acme.com", PASSWORD).await;
        assert_refused(again, Code::AlreadyExists, "ACCOUNT_EXISTS");
        let unplaced = server.try_sign_up("", "ann@else.org", PASSWORD).await;
        assert_refused(unplaced, Code::FailedPrecondition, "TENANT_UNRESOLVED");
        // A token that is given is still checked.
        let forged = server.try_sign_up("su_x", "bob@acme.com", PASSWORD).await;
        assert_refused(forged, Code::FailedPrecondition, "MAILBOX_PROOF_INVALID");
        let token = server.start_sign_up("bob@acme.com").await;
        let proven = server.try_sign_up(&token, "bob@acme.com", PASSWORD).await.unwrap();
        assert!(proven.user.unwrap().email_verified);
    }
}

async fn greedy_sign_up(server: &Server, greedy: Greedy) -> Result<SignUpResponse, tonic::Status> {
    let mut client = tonic::client::Grpc::new(server.channel.clone());
    client.ready().await.unwrap();
    let path = PathAndQuery::from_static("/reeve.auth.v1.AuthService/SignUp");
    let codec = tonic_prost::ProstCodec::<Greedy, SignUpResponse>::default();
    client.unary(Request::new(greedy), path, codec).await.map(tonic::Response::into_inner)
}

/// The id of the only pending sign-up.
async fn pending_id(server: &Server) -> reeve::model::id::PendingSignUpId {
    use reeve::model::id::Id as _;
    let text = server.text("SELECT {id} AS value FROM pending_sign_ups", "id").await;
    reeve::model::id::PendingSignUpId::from_uuid(uuid::Uuid::try_parse(&text).unwrap())
}
