//! Lists the tenants that the caller reaches: operators all, members their own.

use crate::{
    access::{Action, Scope},
    db::tenants,
    model::{
        Result,
        page::{Page, PageRequest},
        tenant::Tenant,
    },
    ops::{
        Cx,
        page::{Paging, id_key},
    },
};

pub async fn list_tenants(cx: &Cx, scope: Scope, request: PageRequest) -> Result<Page<Tenant>> {
    let paging = Paging::new(cx, scope, Action::ListTenants, String::new(), &request);
    let after = paging.after()?;
    let rows = cx.read(scope, async |tx| tenants::list(tx, after, paging.limit()).await).await?;
    paging.cut(rows, |tenant| id_key(&tenant.id))
}
