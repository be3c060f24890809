//! Lists platform keys.

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
    },
};

pub async fn list_operator_keys(
    cx: &Cx,
    scope: Scope,
    request: PageRequest,
) -> Result<Page<ApiKey>> {
    let paging = Paging::new(cx, scope, Action::ListOperatorKeys, String::new(), &request);
    let after = paging.after()?;
    let rows = cx.read(scope, async |tx| api_keys::list(tx, after, paging.limit()).await).await?;
    paging.cut(rows, |key| id_key(&key.id))
}
