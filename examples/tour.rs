//! The walk of the README as a Rust client: an operator makes a tenant, Ann signs up into it, Bob
//! is refused, and accounts and profiles are in step.
//!
//! Against a fresh server: `cargo run --example tour -- http://127.0.0.1:50051 reeve-data`

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use reeve::pb::{
    auth::v1::{
        Session, SignUpRequest, StartSignUpRequest, WhoAmIRequest,
        auth_service_client::AuthServiceClient,
    },
    sync::v1::{GetSyncStatusRequest, sync_service_client::SyncServiceClient},
    tenant::v1::{CreateTenantRequest, tenant_service_client::TenantServiceClient},
};
use std::{
    error::Error,
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::{fs, time::sleep};
use tonic::{Code, Request, Status, transport::Channel};
use tonic_types::StatusExt as _;

type Outcome<T> = Result<T, Box<dyn Error>>;

const ANN: &str = "ann@acme.com";
const BOB: &str = "bob@else.org";
const PASSWORD: &str = "four quiet herons wade";

#[tokio::main]
async fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(url), Some(data_dir)) = (arguments.next(), arguments.next()) else {
        return Err("usage: tour URL DATA_DIR".into());
    };
    let data_dir = PathBuf::from(data_dir);
    let operator = fs::read_to_string(data_dir.join("operator.key")).await?;
    let operator = operator.trim();
    let channel = Channel::from_shared(url)?.connect().await?;

    create_tenant(&channel, operator).await?;
    let session = sign_up(&channel, &data_dir.join("mail")).await?;
    show_claims(&session.access_token)?;
    who_am_i(&channel, &session.access_token).await?;
    be_refused(&channel).await?;
    sync_status(&channel, operator).await
}

async fn create_tenant(channel: &Channel, operator: &str) -> Outcome<()> {
    let request = CreateTenantRequest {
        slug: "acme".to_owned(),
        display_name: "Acme Ltd".to_owned(),
        domains: vec!["acme.com".to_owned()],
        ..CreateTenantRequest::default()
    };
    let created = TenantServiceClient::new(channel.clone())
        .create_tenant(with_credential(operator, request)?)
        .await
        .map_err(|status| explain(&status))?
        .into_inner();
    let tenant = created.tenant.ok_or("no tenant in the answer")?;
    println!("tenant {} is {}", tenant.slug, tenant.id);
    Ok(())
}

async fn sign_up(channel: &Channel, mail: &Path) -> Outcome<Session> {
    let mut auth = AuthServiceClient::new(channel.clone());
    auth.start_sign_up(StartSignUpRequest { email: ANN.to_owned(), ..Default::default() })
        .await
        .map_err(|status| explain(&status))?;
    let token = token_from(mail).await?;
    println!("{ANN} has a proof of the mailbox");

    let request = SignUpRequest {
        token,
        email: ANN.to_owned(),
        password: PASSWORD.to_owned(),
        display_name: "Ann".to_owned(),
    };
    let session =
        auth.sign_up(request).await.map_err(|status| explain(&status))?.into_inner().session;
    println!("{ANN} has signed up");
    session.ok_or_else(|| "no session in the answer".into())
}

/// Waits for the mail and takes the token out of its link.
async fn token_from(mail: &Path) -> Outcome<String> {
    for _ in 0..100 {
        if let Some(token) = find_token(mail).await? {
            return Ok(token);
        }
        sleep(Duration::from_millis(100)).await;
    }
    Err(format!("no mail in {} after 10 s", mail.display()).into())
}

async fn find_token(mail: &Path) -> Outcome<Option<String>> {
    // The server makes the directory with the first mail.
    if !fs::try_exists(mail).await? {
        return Ok(None);
    }
    let mut files = fs::read_dir(mail).await?;
    while let Some(file) = files.next_entry().await? {
        // A mail that is being written has another extension.
        if file.path().extension().is_none_or(|extension| extension != "eml") {
            continue;
        }
        let text = fs::read_to_string(file.path()).await?;
        if let Some((_, rest)) = text.split_once("#token=") {
            return Ok(rest.split_whitespace().next().map(str::to_owned));
        }
    }
    Ok(None)
}

/// Reads the claims. A service that accepts the token verifies it with the keys of `GetJwks`.
fn show_claims(access_token: &str) -> Outcome<()> {
    let payload = access_token.split('.').nth(1).ok_or("the access token is no JWT")?;
    let claims: serde_json::Value =
        serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(payload)?)?;
    let tenant = claims["tenant_id"].as_str().ok_or("the access token has no tenant_id")?;
    println!("the access token carries tenant_id {tenant}");
    Ok(())
}

async fn who_am_i(channel: &Channel, access_token: &str) -> Outcome<()> {
    let me = AuthServiceClient::new(channel.clone())
        .who_am_i(with_credential(access_token, WhoAmIRequest {})?)
        .await
        .map_err(|status| explain(&status))?
        .into_inner();
    let profile = me.profile.ok_or("no profile in the answer")?;
    println!("{} is {:?} in {}", profile.display_name, profile.role(), profile.tenant_id);
    Ok(())
}

/// Nothing places Bob's address; the reason is what a program looks at, the message is for people.
async fn be_refused(channel: &Channel) -> Outcome<()> {
    let answer = AuthServiceClient::new(channel.clone())
        .start_sign_up(StartSignUpRequest { email: BOB.to_owned(), ..Default::default() })
        .await;
    let Err(status) = answer else {
        return Err(format!("{BOB} was not refused").into());
    };
    let reason = status.get_details_error_info().map(|info| info.reason).unwrap_or_default();
    if (status.code(), reason.as_str()) != (Code::FailedPrecondition, "TENANT_UNRESOLVED") {
        return Err(explain(&status));
    }
    println!("{BOB} is refused: {reason}: {}", status.message());
    Ok(())
}

async fn sync_status(channel: &Channel, operator: &str) -> Outcome<()> {
    let status = SyncServiceClient::new(channel.clone())
        .get_sync_status(with_credential(operator, GetSyncStatusRequest {})?)
        .await
        .map_err(|status| explain(&status))?
        .into_inner();
    println!(
        "{} accounts, {} profiles, {} missing",
        status.total_auth_users(),
        status.total_profiles(),
        status.missing_profiles()
    );
    if status.missing_profiles() == 0 { Ok(()) } else { Err("profiles are missing".into()) }
}

fn with_credential<T>(credential: &str, message: T) -> Outcome<Request<T>> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", format!("Bearer {credential}").parse()?);
    Ok(request)
}

/// A refusal as one line: code, reason, message.
fn explain(status: &Status) -> Box<dyn Error> {
    let reason = status.get_details_error_info().map(|info| info.reason).unwrap_or_default();
    format!("{:?} {reason}: {}", status.code(), status.message()).into()
}
