//! The published contract against what the program does: reasons, actions, credentials.

use crate::support::{Backend, Server, reason};
use prost::Message as _;
use prost_types::FileDescriptorSet;
use reeve::{
    access::Action,
    model::{Kind, Reason},
    pb::{self, common::v1::ErrorReason},
    rpc::status,
};
use std::collections::{BTreeMap, BTreeSet};
use tonic::{Code, Status};
use tonic_reflection::pb::{v1, v1alpha};
use tonic_types::{ErrorDetail, StatusExt as _};

/// Every RPC that needs no credential; all others do.
const PUBLIC: &[&str] = &[
    "StartSignUp",
    "SignUp",
    "SignIn",
    "RefreshSession",
    "GetJwks",
    "PreviewInvitation",
    "DeclineInvitation",
];

/// Reasons of the transport, which reach no operation, with their codes.
const TRANSPORT: &[(&str, &str)] = &[
    (status::UNIMPLEMENTED, "UNIMPLEMENTED"),
    (status::MESSAGE_MALFORMED, "INVALID_ARGUMENT"),
    (status::MESSAGE_TOO_LARGE, "RESOURCE_EXHAUSTED"),
    (status::CANCELLED, "CANCELLED"),
];

const CODES: &[&str] = &[
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

fn descriptors() -> FileDescriptorSet {
    FileDescriptorSet::decode(pb::DESCRIPTOR_SET).unwrap()
}

/// Every RPC: its full name, `package.Service/Method`, and its own.
pub fn rpcs() -> Vec<(String, String)> {
    let mut all = Vec::new();
    for file in descriptors().file {
        for service in &file.service {
            for method in &service.method {
                let name = method.name().to_owned();
                all.push((format!("{}.{}/{name}", file.package(), service.name()), name));
            }
        }
    }
    assert!(all.len() > 15, "the descriptor set has only {all:?}");
    all
}

/// What the comment of each published reason calls its code.
fn documented() -> BTreeMap<String, String> {
    let text = include_str!("../../proto/reeve/common/v1/error_reason.proto");
    let mut found = BTreeMap::new();
    let mut comment: Vec<&str> = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some(words) = line.strip_prefix("//") {
            comment.push(words);
        } else if let Some(value) = line.strip_prefix("ERROR_REASON_") {
            let sentences = comment.iter().take_while(|words| !words.starts_with(" Metadata:"));
            let codes: BTreeSet<&str> = sentences
                .flat_map(|words| words.split(|c: char| c != '_' && !c.is_ascii_uppercase()))
                .filter(|word| CODES.contains(word))
                .collect();
            let name = value.split(' ').next().unwrap().to_owned();
            let all = codes.into_iter().collect::<Vec<_>>().join(" ");
            found.insert(name, all);
            comment.clear();
        } else {
            comment.clear();
        }
    }
    assert_eq!(found.remove("UNSPECIFIED"), Some(String::new()));
    found
}

#[test]
fn every_reason_is_published_with_its_code_and_no_other_is() {
    let of_kind = |kind: Kind| status::code_name(status::code_of(kind)).to_owned();
    let ours = Reason::ALL.iter().map(|it| (it.as_str().to_owned(), of_kind(it.kind())));
    let transport = TRANSPORT.iter().map(|(it, code)| ((*it).to_owned(), (*code).to_owned()));
    let ours: BTreeMap<String, String> = ours.chain(transport).collect();
    assert_eq!(ours.len(), Reason::ALL.len() + TRANSPORT.len(), "two reasons share a name");
    assert_eq!(ours, documented());
    for name in ours.keys() {
        assert!(ErrorReason::from_str_name(&format!("ERROR_REASON_{name}")).is_some(), "{name}");
    }
}

#[test]
fn the_policy_opens_the_public_rpcs_and_no_other() {
    for action in Action::ALL {
        assert_eq!(action.is_public(), PUBLIC.contains(&action.as_str()), "{action:?}");
    }
}

/// What every refusal has: one `ErrorInfo` with a published reason, and a short text.
#[track_caller]
fn assert_well_formed(status: &Status) {
    let details = status.get_error_details_vec();
    let infos = details.iter().filter(|it| matches!(it, ErrorDetail::ErrorInfo(_))).count();
    assert_eq!(infos, 1, "{status:?}");
    assert!(documented().contains_key(&reason(status)), "{status:?}");
    assert!(status.message().len() <= 256 && !status.message().is_empty(), "{status:?}");
}

on_both! {
    // G-31, G-43, R-GRPC-2: the same vectors at every RPC.
    async fn every_other_rpc_demands_a_credential(backend: Backend) {
        let server = Server::start(backend).await;
        let another = format!("Bearer {}", server.operator_key.replace(|c: char| c.is_ascii_digit(), "x"));
        let operator = format!("Bearer {}", server.operator_key);
        let garbage: &[&[&str]] = &[
            &["Bearer x"],
            &["Bearer rk_x"],
            &["Bearer eyJhbGciOiJub25lIn0.e30."],
            &["Basic dXNlcjpwYXNzd29yZA=="],
            &["Bearer "],
            &[operator.trim_start_matches("Bearer ")],
            &[&format!("{operator}x")],
            &[&another],
            &[&operator, &operator],
        ];
        for (name, short) in rpcs() {
            let anonymous = server.call_by_name(&name, &[]).await;
            if PUBLIC.contains(&short.as_str()) {
                let told = anonymous.map_or_else(|status| reason(&status), |_| String::new());
                assert!(!told.starts_with("CREDENTIAL"), "{name}: {told}");
                continue;
            }
            let refused = |answer: Result<_, Status>| {
                let status: Status = answer.expect_err(&name);
                assert_well_formed(&status);
                (status.code(), reason(&status))
            };
            let missing = (Code::Unauthenticated, "CREDENTIAL_MISSING".to_owned());
            assert_eq!(refused(anonymous), missing, "{name}");
            for credentials in garbage {
                let invalid = (Code::Unauthenticated, "CREDENTIAL_INVALID".to_owned());
                let answer = server.call_by_name(&name, credentials).await;
                assert_eq!(refused(answer), invalid, "{name} {credentials:?}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_of_an_empty_message_is_well_formed() {
    let server = Server::start(Backend::Sqlite).await;
    let operator = format!("Bearer {}", server.operator_key);
    let mut refused = 0;
    for (name, _) in rpcs() {
        if let Err(status) = server.call_by_name(&name, &[&operator]).await {
            assert_well_formed(&status);
            assert!(!matches!(status.code(), Code::Unknown | Code::Internal), "{name} {status:?}");
            refused += 1;
        }
    }
    assert!(refused > 5, "only {refused} refused");
    let long = format!("a@{}.example.org", ["x".repeat(60).as_str(); 3].join("."));
    let request = pb::auth::v1::StartSignUpRequest { email: long, ..Default::default() };
    assert_well_formed(&server.auth().start_sign_up(request).await.unwrap_err());
}

fn expected_services() -> BTreeSet<String> {
    let ours = rpcs().into_iter().map(|(name, _)| name.split('/').next().unwrap().to_owned());
    let theirs = ["health.v1.Health", "reflection.v1.ServerReflection"];
    let theirs = theirs.iter().chain(&["reflection.v1alpha.ServerReflection"]);
    ours.chain(theirs.map(|name| format!("grpc.{name}"))).collect()
}

/// Lists the services and resolves `google.rpc.ErrorInfo` through one version of reflection.
macro_rules! reflect {
    ($server:expr, $version:ident) => {{
        use $version::{
            ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
            server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
        };
        let question =
            |ask| ServerReflectionRequest { host: String::new(), message_request: Some(ask) };
        let questions = [
            question(MessageRequest::ListServices(String::new())),
            question(MessageRequest::FileContainingSymbol("google.rpc.ErrorInfo".to_owned())),
        ];
        let mut client = ServerReflectionClient::new($server.channel.clone());
        let questions = tokio_stream::iter(questions);
        let mut answers = client.server_reflection_info(questions).await.unwrap().into_inner();
        let answer = answers.message().await.unwrap().unwrap().message_response;
        let Some(MessageResponse::ListServicesResponse(list)) = answer else {
            panic!("{answer:?}")
        };
        let services: BTreeSet<String> = list.service.into_iter().map(|it| it.name).collect();
        let answer = answers.message().await.unwrap().unwrap().message_response;
        let Some(MessageResponse::FileDescriptorResponse(files)) = answer else {
            panic!("{answer:?}")
        };
        (services, files.file_descriptor_proto)
    }};
}

#[tokio::test(flavor = "multi_thread")]
async fn reflection_lists_exactly_the_services_and_knows_the_details() {
    let server = Server::start(Backend::Sqlite).await;
    for (services, files) in [reflect!(server, v1), reflect!(server, v1alpha)] {
        assert_eq!(services, expected_services());
        let defines = |file: &Vec<u8>| {
            let file = prost_types::FileDescriptorProto::decode(&file[..]).unwrap();
            file.message_type.iter().any(|message| message.name() == "ErrorInfo")
        };
        assert!(files.iter().any(defines));
    }
}
