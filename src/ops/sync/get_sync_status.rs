//! Counts accounts, profiles and what is missing between them.

use crate::{
    access::Scope,
    db::{Tx, fences, sync},
    model::{Result, sync::SyncStatus},
    ops::Cx,
};

pub async fn get_sync_status(cx: &Cx, scope: Scope, (): ()) -> Result<SyncStatus> {
    cx.read(scope, async |tx| read_status(tx).await).await
}

pub(super) async fn read_status(tx: &mut Tx) -> Result<SyncStatus> {
    let counts = sync::counts(tx).await?;
    Ok(SyncStatus {
        total_auth_users: counts.users,
        total_profiles: counts.users_with_profile,
        missing_profiles: counts.users.saturating_sub(counts.users_with_profile),
        unresolved_users: 0,
        orphaned_profiles: counts.profiles_without_user,
        trigger_state: fences::trigger_state(tx).await?,
        checked_time: tx.now().await?,
    })
}
