//! Lists users without their home profile, then profiles without a user.

use crate::{
    access::{Action, Scope},
    db::{Tx, sync},
    model::{
        Error, Result,
        id::{Id, TenantId, UserId},
        page::{Page, PageRequest},
        sync::{Drift, DriftKind},
    },
    ops::{Cx, page::Paging},
};

pub async fn list_drift(cx: &Cx, scope: Scope, request: PageRequest) -> Result<Page<Drift>> {
    let paging = Paging::new(cx, scope, Action::ListDrift, String::new(), &request);
    let after = paging.position()?.map(|bytes| parse(&bytes)).transpose()?;
    let limit = paging.limit();
    let rows = cx.read(scope, async |tx| read(tx, after, limit).await).await?;
    paging.cut(rows, position)
}

async fn read(tx: &mut Tx, after: Option<Drift>, limit: i64) -> Result<Vec<Drift>> {
    let mut rows = Vec::new();
    let in_first = after.is_none_or(|drift| drift.kind == DriftKind::UserWithoutProfile);
    if in_first {
        let after = after.map(|drift| drift.user_id);
        let users = sync::users_without_profile(tx, after, limit).await?;
        rows.extend(users.into_iter().map(|(tenant_id, user_id)| Drift {
            kind: DriftKind::UserWithoutProfile,
            user_id,
            tenant_id,
        }));
    }
    let left = limit - i64::try_from(rows.len()).map_err(Error::internal)?;
    if left > 0 {
        let after = after.filter(|_| !in_first).map(|drift| (drift.user_id, drift.tenant_id));
        let profiles = sync::profiles_without_user(tx, after, left).await?;
        rows.extend(profiles.into_iter().map(|(tenant_id, user_id)| Drift {
            kind: DriftKind::ProfileWithoutUser,
            user_id,
            tenant_id,
        }));
    }
    Ok(rows)
}

/// One byte for the list, then user and tenant.
fn position(drift: &Drift) -> Vec<u8> {
    let kind = match drift.kind {
        DriftKind::UserWithoutProfile => 0,
        DriftKind::ProfileWithoutUser => 1,
    };
    let mut bytes = vec![kind];
    bytes.extend(drift.user_id.as_uuid().as_bytes());
    bytes.extend(drift.tenant_id.as_uuid().as_bytes());
    bytes
}

fn parse(bytes: &[u8]) -> Result<Drift> {
    let malformed = || Error::internal("a page position of another shape");
    let kind = match bytes.first() {
        Some(0) => DriftKind::UserWithoutProfile,
        Some(1) => DriftKind::ProfileWithoutUser,
        _ => return Err(malformed()),
    };
    let uuid = |range| {
        let slice: &[u8] = bytes.get(range).ok_or_else(malformed)?;
        uuid::Uuid::from_slice(slice).map_err(Error::internal)
    };
    Ok(Drift {
        kind,
        user_id: UserId::from_uuid(uuid(1..17)?),
        tenant_id: TenantId::from_uuid(uuid(17..33)?),
    })
}
