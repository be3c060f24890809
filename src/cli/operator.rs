//! `reeve operator`: platform keys. The first one, the way back after a lost one, and their end.

use super::{
    args::{self, Output},
    connect,
    outcome::{Failure, Outcome},
    pages, print,
};
use crate::{
    access::{Action, NamedTenant, authorize},
    boot,
    config::Config,
    model::{
        Reason,
        api_key::{ApiKey, KeyScope},
        id::{ApiKeyId, Id as _},
        text::DisplayName,
    },
    ops::operator as ops,
};
use secrecy::ExposeSecret as _;
use serde::Serialize;

#[derive(Serialize)]
struct Made<'a> {
    id: String,
    key: &'a str,
    expire_time: Option<String>,
}

#[derive(Serialize)]
struct Shown {
    id: String,
    name: String,
    /// Empty: no limit.
    scopes: Vec<&'static str>,
    create_time: String,
    expire_time: Option<String>,
    last_used_time: Option<String>,
    revoke_time: Option<String>,
}

impl From<&ApiKey> for Shown {
    fn from(key: &ApiKey) -> Self {
        Self {
            id: key.id.to_string(),
            name: key.name.as_str().to_owned(),
            scopes: key.scopes.iter().map(KeyScope::as_str).collect(),
            create_time: key.create_time.to_string(),
            expire_time: key.expire_time.map(|time| time.to_string()),
            last_used_time: key.last_used_time.map(|time| time.to_string()),
            revoke_time: key.revoke_time.map(|time| time.to_string()),
        }
    }
}

pub(super) async fn run(command: &args::Operator, config: &Config) -> Result<Outcome, Failure> {
    match command {
        args::Operator::CreateKey { name, scopes, expires, output } => {
            let input = ops::CreateOperatorKey {
                name: DisplayName::parse("--name", name)?,
                ttl: *expires,
                scopes: scopes.iter().copied().collect(),
            };
            create(input, *output, config).await
        }
        args::Operator::ListKeys(output) => list(*output, config).await,
        args::Operator::RevokeKey { id, output } => revoke(id, *output, config).await,
    }
}

async fn create(
    input: ops::CreateOperatorKey,
    output: Output,
    config: &Config,
) -> Result<Outcome, Failure> {
    let cx = connect::open(config).await?;
    let scope = authorize(&cx.caller, Action::CreateOperatorKey, NamedTenant::None, None)?;
    let made = ops::create_operator_key(&cx, scope, input).await?;
    let shown = Made {
        id: made.id.to_string(),
        key: made.key.expose_secret(),
        expire_time: made.expire_time.map(|time| time.to_string()),
    };
    let text = if output.json { print::json(&shown)? } else { shown.key.to_owned() };
    print::once(&text, "the key was made but nobody has it; make another")?;
    let end = shown.expire_time.as_deref().unwrap_or("never");
    print::note(&format!("key {} is shown this once; keep it safe. It expires: {end}", shown.id));
    Ok(Outcome::Done)
}

async fn list(output: Output, config: &Config) -> Result<Outcome, Failure> {
    let cx = connect::open(config).await?;
    boot::keyring(&cx.app).await?;
    let scope = authorize(&cx.caller, Action::ListOperatorKeys, NamedTenant::None, None)?;
    let read = async |request| ops::list_operator_keys(&cx, scope, request).await;
    let all: Vec<Shown> = pages::all(read).await?.iter().map(Shown::from).collect();
    print::either(output, &all, || table(&all))?;
    Ok(Outcome::Done)
}

fn table(all: &[Shown]) -> String {
    let or = |time: &Option<String>, none: &str| time.clone().unwrap_or_else(|| none.to_owned());
    let rows: Vec<[String; 6]> = all
        .iter()
        .map(|key| {
            let scopes = if key.scopes.is_empty() { "all".into() } else { key.scopes.join(",") };
            let (expires, used) = (or(&key.expire_time, "never"), or(&key.last_used_time, "never"));
            let revoked = or(&key.revoke_time, "no");
            [key.id.clone(), scopes, used, expires, revoked, key.name.clone()]
        })
        .collect();
    print::table(["ID", "SCOPES", "USED", "EXPIRES", "REVOKED", "NAME"], &rows)
}

/// Idempotent: a key that is revoked already is an answer, not a failure.
async fn revoke(id: &str, output: Output, config: &Config) -> Result<Outcome, Failure> {
    let id = ApiKeyId::parse("ID", id)?;
    let cx = connect::open(config).await?;
    let scope = authorize(&cx.caller, Action::RevokeOperatorKey, NamedTenant::None, None)?;
    let revoked = ops::revoke_operator_key(&cx, scope, id).await.map_err(|error| {
        let hint = match error.reason() {
            Reason::NotFound => "'reeve operator list-keys' shows those that exist",
            _ => "",
        };
        Failure::with_hint(&error, hint)
    })?;
    let shown = Shown::from(&revoked);
    print::either(output, &shown, || format!("key {} ({}) is revoked", shown.id, shown.name))?;
    Ok(Outcome::Done)
}
