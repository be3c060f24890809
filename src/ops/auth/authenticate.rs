//! Finds out who stands behind a credential, now.

use crate::{
    access::{Caller, KeyCaller, Operator, Scope, SystemUse, UserCaller},
    app::App,
    db::{api_keys, sessions},
    model::{Error, Reason, Result, api_key::KeyStanding, budget::Budget, id::ApiKeyId},
    ops::authority,
    token::{self, Refusal},
};
use std::{sync::Arc, time::Duration};
use tokio::time::timeout;

/// How long a call waits at most until the use of its key is noted.
const NOTE_LIMIT: Duration = Duration::from_millis(100);

/// Checks an access token or API key, signature and live status both.
pub async fn authenticate(app: &App, budget: &Arc<Budget>, credential: &str) -> Result<Caller> {
    if credential.starts_with("rk_") {
        key(app, budget, credential).await
    } else {
        user(app, budget, credential).await
    }
}

async fn user(app: &App, budget: &Arc<Budget>, credential: &str) -> Result<Caller> {
    let ring = app.ring()?;
    let claims = token::verify(&ring, &app.tokens, app.clock.now(), credential).map_err(|why| {
        let refused = match why {
            Refusal::Expired => {
                Error::new(Reason::CredentialExpired, "The access token has expired. Refresh it.")
            }
            _ => authority::invalid(),
        };
        refused.with_detail(why.as_str())
    })?;
    let scope = Scope::system(SystemUse::Authenticate);
    let standing = app
        .db
        .read(scope, budget, async |tx| {
            sessions::standing(tx, claims.sid, claims.sub, claims.tenant_id).await
        })
        .await?
        .filter(|standing| standing.live)
        .ok_or_else(authority::ended)?;
    if standing.mver != claims.mver {
        return Err(authority::stale());
    }
    Ok(Caller::User(UserCaller {
        user_id: claims.sub,
        session_id: claims.sid,
        tenant_id: claims.tenant_id,
        role: standing.role,
        mver: standing.mver,
    }))
}

/// One answer for every key that opens nothing: unknown, revoked, expired, its creator gone, its
/// tenant suspended.
async fn key(app: &App, budget: &Arc<Budget>, credential: &str) -> Result<Caller> {
    let hash = token::hash_api_key(credential).ok_or_else(authority::invalid)?;
    let hash = hash.as_slice();
    let scope = Scope::system(SystemUse::Authenticate);
    let key = app
        .db
        .read(scope, budget, async |tx| api_keys::find_standing(tx, hash).await)
        .await?
        .filter(KeyStanding::may_act)
        .ok_or_else(authority::invalid)?;
    if key.unnoted {
        note_use(app, key.id).await;
    }
    match key.tenant_id.zip(key.role) {
        Some((tenant_id, role)) => {
            Ok(Caller::Key(KeyCaller { key_id: key.id, tenant_id, role, scopes: key.scopes }))
        }
        None => Ok(Caller::Operator(Operator::Key { id: key.id, scopes: key.scopes })),
    }
}

/// When a key was used last is worth knowing, and not worth a call: a write that fails or has to
/// wait is left to the next one.
async fn note_use(app: &App, id: ApiKeyId) {
    let scope = Scope::system(SystemUse::Authenticate);
    let budget = Arc::new(Budget::lasting(NOTE_LIMIT));
    let write = app.db.write(scope, &budget, async |tx| api_keys::touch(tx, id).await);
    match timeout(NOTE_LIMIT, write).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(key_id = %id, ?error, "the use of a key is not noted"),
        Err(_) => tracing::debug!(key_id = %id, "the use of a key is not noted in time"),
    }
}
