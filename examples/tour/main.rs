//! The walk of the README as a Rust client: an operator makes a tenant, Ann signs up into it, Bob
//! is refused until she invites him, and accounts and profiles are in step.
//!
//! Against a fresh server: `cargo run --example tour -- http://127.0.0.1:50051 reeve-data`

mod invitation;
mod mailbox;
mod sign_up;
mod tenant;

use reeve::pb::sync::v1::{GetSyncStatusRequest, sync_service_client::SyncServiceClient};
use std::{error::Error, path::PathBuf};
use tokio::fs;
use tonic::{
    Code, Request, Status,
    transport::{Channel, Endpoint},
};
use tonic_types::StatusExt as _;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// The server, with what whoever has started it may read.
struct Tour {
    channel: Channel,
    /// The operator's key.
    operator: String,
    /// Where mail goes.
    mail: PathBuf,
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(url), Some(data_dir)) = (arguments.next(), arguments.next()) else {
        return Err("usage: tour URL DATA_DIR".into());
    };
    let data_dir = PathBuf::from(data_dir);
    let key = fs::read_to_string(data_dir.join("operator.key")).await?;
    let channel = Endpoint::from_shared(url)?.connect().await?;
    let tour = Tour { channel, operator: key.trim().to_owned(), mail: data_dir.join("mail") };

    tour.create_tenant("acme", "Acme Ltd", "acme.com").await?;
    let ann = tour.sign_up_by_domain().await?;
    sign_up::show_claims(&ann.access_token)?;
    tour.who_am_i(&ann.access_token).await?;
    tour.be_refused().await?;

    let ann = tour.make_admin(&ann).await?;
    let bob = tour.sign_up_by_mailed_invitation(&ann).await?;
    tour.see_nothing_of_globex(&bob).await?;
    tour.sign_up_by_returned_invitation(&ann).await?;
    tour.validate_tokens(&ann, &bob).await?;
    tour.sync_status().await
}

impl Tour {
    async fn sync_status(&self) -> Outcome<()> {
        let status = SyncServiceClient::new(self.channel.clone())
            .get_sync_status(with_credential(&self.operator, GetSyncStatusRequest {})?)
            .await
            .map_err(explain)?
            .into_inner();
        println!(
            "{} accounts, {} profiles, {} missing",
            status.total_auth_users(),
            status.total_profiles(),
            status.missing_profiles()
        );
        if status.missing_profiles() == 0 { Ok(()) } else { Err("profiles are missing".into()) }
    }
}

fn with_credential<T>(credential: &str, message: T) -> Outcome<Request<T>> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", format!("Bearer {credential}").parse()?);
    Ok(request)
}

/// A refusal as one line: code, reason, message.
#[allow(clippy::needless_pass_by_value, reason = "`map_err` hands the status over")]
fn explain(status: Status) -> Box<dyn Error> {
    format!("{:?} {}: {}", status.code(), reason(&status), status.message()).into()
}

/// What a program looks at; the message is for people.
fn reason(status: &Status) -> String {
    status.get_details_error_info().map(|info| info.reason).unwrap_or_default()
}

/// Demands that a call was refused as it should be.
fn refused<T>(who: &str, answer: Result<T, Status>, code: Code, expected: &str) -> Outcome<()> {
    let Err(status) = answer else {
        return Err(format!("{who} was not refused").into());
    };
    if status.code() != code || reason(&status) != expected {
        return Err(explain(status));
    }
    println!("{who} is refused: {expected}: {}", status.message());
    Ok(())
}
