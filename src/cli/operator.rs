//! `reeve operator create-key`: the first key, and the way back after a lost one.

use super::{
    args, connect,
    outcome::{Failure, Outcome},
    print,
};
use crate::{
    access::{Action, NamedTenant, authorize},
    config::Config,
    model::text::DisplayName,
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

pub(super) async fn run(command: &args::Operator, config: &Config) -> Result<Outcome, Failure> {
    let args::Operator::CreateKey { name, expires, output } = command;
    let input = ops::CreateOperatorKey { name: DisplayName::parse("--name", name)?, ttl: *expires };
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
