//! Tells the holder of a token what it invites to.

use super::{admit, token::TokenHash};
use crate::{
    access::Scope,
    db::tenants,
    model::{Error, Reason, Result, clock::Instant, role::Role, tenant::TenantState},
    ops::Cx,
};
use secrecy::SecretString;

pub struct Preview {
    pub tenant_name: String,
    pub masked_email: String,
    pub role: Role,
    pub expire_time: Instant,
}

/// Reads only: programs that open every link of a mail must not spend anything.
pub async fn preview_invitation(cx: &Cx, scope: Scope, token: SecretString) -> Result<Preview> {
    let hash = TokenHash::of(&token)?;
    let hash = &hash;
    cx.read(scope, async |tx| {
        let found = hash.find(tx).await?;
        admit::require_open(tx, &found).await?;
        let tenant = tenants::find(tx, found.tenant_id).await?.ok_or_else(admit::unknown)?;
        if tenant.state != TenantState::Active {
            return Err(Error::new(Reason::TenantInactive, "The organisation is not active."));
        }
        Ok(Preview {
            tenant_name: tenant.shown_name().to_owned(),
            masked_email: found.email.masked(),
            role: found.role,
            expire_time: found.expire_time,
        })
    })
    .await
}
