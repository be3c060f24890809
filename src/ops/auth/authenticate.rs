//! Finds out who stands behind a credential, now.

use crate::{
    access::{Caller, Operator, Scope, SystemUse, UserCaller},
    app::App,
    db::{api_keys, sessions},
    model::{Error, Reason, Result, api_key::KeyScopes, budget::Budget},
    ops::authority,
    token::{self, Refusal},
};
use std::sync::Arc;

/// Checks an access token or API key, signature and live status both.
pub async fn authenticate(app: &App, budget: &Arc<Budget>, credential: &str) -> Result<Caller> {
    if credential.starts_with("rk_") {
        operator(app, budget, credential).await
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
            _ => invalid(),
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
    Ok(Caller::User(UserCaller {
        user_id: claims.sub,
        session_id: claims.sid,
        tenant_id: claims.tenant_id,
        role: standing.role,
    }))
}

async fn operator(app: &App, budget: &Arc<Budget>, credential: &str) -> Result<Caller> {
    let hash = token::hash_api_key(credential).ok_or_else(invalid)?;
    let hash = hash.as_slice();
    let scope = Scope::system(SystemUse::Authenticate);
    let key = app
        .db
        .read(scope, budget, async |tx| api_keys::find_live_operator(tx, hash).await)
        .await?
        .ok_or_else(invalid)?;
    if key.stale {
        app.db.write(scope, budget, async |tx| api_keys::touch(tx, key.id).await).await?;
    }
    Ok(Caller::Operator(Operator::Key { id: key.id, scopes: KeyScopes::default() }))
}

fn invalid() -> Error {
    Error::new(Reason::CredentialInvalid, "The credential is not valid.")
}
