//! Lists a tenant's domains.

use super::get_tenant;
use crate::{
    access::{Action, Scope},
    db::tenant_domains,
    model::{
        Result,
        domain::TenantDomain,
        page::{Page, PageRequest},
    },
    ops::{
        Cx,
        page::{Paging, id_key},
    },
};

pub async fn list_domains(
    cx: &Cx,
    scope: Scope,
    request: PageRequest,
) -> Result<Page<TenantDomain>> {
    let paging = Paging::new(cx, scope, Action::ListDomains, String::new(), &request);
    let after = paging.after()?;
    let rows = cx
        .read(scope, async |tx| {
            get_tenant::require(tx, scope).await?;
            tenant_domains::list(tx, after, paging.limit()).await
        })
        .await?;
    paging.cut(rows, |domain| id_key(&domain.id))
}
