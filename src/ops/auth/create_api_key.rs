//! Makes a tenant's key. It is shown once; only its hash is stored.

use crate::{
    access::Scope,
    db::{Tx, api_keys, events},
    model::{
        Error, Reason, Result,
        api_key::{ApiKey, KeyScope, KeyScopes},
        clock::Instant,
        error::FieldViolation,
        event::{EventKind, NewEvent},
        request_key::RequestKey,
        role::Role,
        text::DisplayName,
    },
    ops::{Cx, authority, idempotency},
    token,
};
use secrecy::SecretString;
use std::time::Duration;

/// Live keys that a tenant may have.
const MOST: u32 = 100;
/// A key that runs out does so within a year.
const LONGEST: Duration = Duration::from_hours(366 * 24);

pub struct CreateApiKey {
    pub name: DisplayName,
    pub role: Role,
    pub scopes: KeyScopes,
    pub expire_time: Option<Instant>,
    pub request: Option<RequestKey>,
    pub validate_only: bool,
}

pub struct CreatedApiKey {
    pub api_key: ApiKey,
    /// The key itself, where this call made it.
    pub key: Option<SecretString>,
    /// Made by an earlier request of the same name.
    pub replayed: bool,
}

/// A key never stands above its creator, neither now nor when it is used.
pub async fn create_api_key(cx: &Cx, scope: Scope, input: CreateApiKey) -> Result<CreatedApiKey> {
    let (key, hash) = token::new_api_key(cx.app.rng.as_ref());
    let (input, hash) = (&input, hash.as_slice());
    let (api_key, replayed) = cx
        .write_unless(input.validate_only, scope, async |tx| {
            match idempotency::made_before(cx, tx, input.request.as_ref()).await? {
                Some(id) => {
                    let made = api_keys::find(tx, id).await?;
                    Ok((made.ok_or_else(|| Error::not_found("api_key"))?, true))
                }
                None => Ok((make(cx, tx, scope, input, hash).await?, false)),
            }
        })
        .await?;
    let shown = !replayed && !input.validate_only;
    Ok(CreatedApiKey { api_key, key: shown.then_some(key), replayed })
}

async fn make(
    cx: &Cx,
    tx: &mut Tx,
    scope: Scope,
    input: &CreateApiKey,
    hash: &[u8],
) -> Result<ApiKey> {
    let tenant = authority::lock(cx, tx, scope).await?;
    let creator = cx.caller.user_id().ok_or_else(|| Error::internal("a key made by nobody"))?;
    authority::require_rank(&cx.caller, input.role)?;
    let now = tx.now().await?;
    if input.expire_time.is_some_and(|end| end <= now || end > now + LONGEST) {
        let why = "must be within 366 days from now";
        let violation = FieldViolation::new("expire_time", "OUT_OF_RANGE", why);
        return Err(Error::invalid(vec![violation]));
    }
    if api_keys::count_live(tx, now).await? >= MOST {
        return Err(Error::new(
            Reason::ApiKeyLimitReached,
            "The organisation has as many keys as it may have. Revoke some first.",
        )
        .with("limit", MOST.to_string()));
    }
    let key = ApiKey {
        id: cx.new_id(),
        tenant: Some((tenant.id, input.role)),
        name: input.name.clone(),
        scopes: input.scopes,
        created_by: Some(creator),
        create_time: now,
        expire_time: input.expire_time,
        last_used_time: None,
        revoke_time: None,
    };
    api_keys::insert(tx, &key, hash).await?;
    idempotency::record(cx, tx, input.request.as_ref(), key.id).await?;
    let scopes: Vec<&str> = key.scopes.iter().map(KeyScope::as_str).collect();
    let event = NewEvent::new(EventKind::ApiKeyCreated, Some(tenant.id), key.id)
        .with("role", input.role.as_str())
        .with("scopes", scopes);
    events::append(tx, &cx.actor(), &event).await?;
    Ok(key)
}
