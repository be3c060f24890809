//! Reads one tenant.

use crate::{
    access::Scope,
    db::{Tx, tenants},
    model::{
        Error, Result,
        id::TenantId,
        tenant::{Slug, Tenant},
    },
    ops::Cx,
};

pub async fn get_tenant(cx: &Cx, scope: Scope, id: TenantId) -> Result<Tenant> {
    cx.read(scope, async |tx| tenants::find(tx, id).await)
        .await?
        .ok_or_else(|| Error::not_found("tenant"))
}

/// Refuses the scope of a tenant that does not exist, which only operators can name.
pub(in crate::ops) async fn require(tx: &mut Tx, scope: Scope) -> Result<TenantId> {
    let tenant = scope.tenant_id().ok_or_else(|| Error::internal("no tenant in the scope"))?;
    match tenants::find(tx, tenant).await? {
        Some(_) => Ok(tenant),
        None => Err(Error::not_found("tenant")),
    }
}

/// The tenant that a person at the command line names.
pub async fn get_tenant_by_slug(cx: &Cx, scope: Scope, slug: Slug) -> Result<Tenant> {
    let slug = &slug;
    cx.read(scope, async |tx| tenants::find_by_slug(tx, slug).await)
        .await?
        .ok_or_else(|| Error::not_found("tenant"))
}
