//! Lists a tenant's keys.

use crate::{
    access::{Action, Scope},
    db::{api_keys, tenants},
    model::{
        Error, Result,
        api_key::ApiKey,
        page::{Page, PageRequest},
    },
    ops::{
        Cx,
        page::{Paging, id_key},
    },
};

pub async fn list_api_keys(cx: &Cx, scope: Scope, request: PageRequest) -> Result<Page<ApiKey>> {
    let tenant = scope.tenant_id().ok_or_else(|| Error::internal("no tenant in the scope"))?;
    let paging = Paging::new(cx, scope, Action::ListApiKeys, String::new(), &request);
    let after = paging.after()?;
    let rows = cx
        .read(scope, async |tx| {
            tenants::find(tx, tenant).await?.ok_or_else(|| Error::not_found("tenant"))?;
            api_keys::list(tx, after, paging.limit()).await
        })
        .await?;
    paging.cut(rows, |key| id_key(&key.id))
}
