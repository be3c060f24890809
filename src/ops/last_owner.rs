//! The last active owner of a tenant stays.

use crate::{
    db::{Tx, user_profiles},
    model::{Error, Reason, Result, profile::Profile},
};

/// Refuses to take the role, or the membership, from the only active owner: profile and account
/// both active. Whatever does so asks here first, and holds the tenant's lock, so that the
/// answer stays true until the commit.
pub(super) async fn require_another(tx: &mut Tx, profile: &Profile) -> Result<()> {
    let owners = user_profiles::active_owners(tx, profile.tenant_id, 2).await?;
    if owners == [profile.user_id] {
        return Err(Error::new(
            Reason::LastOwner,
            "The last active owner of a tenant cannot be demoted or leave. Make another owner first.",
        ));
    }
    Ok(())
}
