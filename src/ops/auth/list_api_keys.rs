//! Lists a tenant's keys.

use crate::{
    access::{Action, Scope},
    db::api_keys,
    model::{
        Result,
        api_key::ApiKey,
        page::{Page, PageRequest},
    },
    ops::{
        Cx,
        page::{Paging, id_key},
        tenant::require_tenant,
    },
};

pub async fn list_api_keys(cx: &Cx, scope: Scope, request: PageRequest) -> Result<Page<ApiKey>> {
    let paging = Paging::new(cx, scope, Action::ListApiKeys, String::new(), &request);
    let after = paging.after()?;
    let rows = cx
        .read(scope, async |tx| {
            require_tenant(tx, scope).await?;
            api_keys::list(tx, after, paging.limit()).await
        })
        .await?;
    paging.cut(rows, |key| id_key(&key.id))
}
