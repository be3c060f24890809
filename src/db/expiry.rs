//! Deleting what has run out, written once for every table with an `expire_time`.

use super::tx::Tx;
use crate::{
    access::{Reach, SystemUse},
    model::{Error, Result},
};

impl Tx {
    /// Refuses whoever is not the purge to delete across tenants.
    pub(super) fn check_purge(&self) -> Result<()> {
        match self.scope().reach() {
            Reach::System(SystemUse::Purge) => Ok(()),
            _ => Err(Error::internal("a purge outside of its scope")),
        }
    }
}

/// Deletes the rows that ran out by `until`, the oldest first and about `limit` of them: rows that
/// ran out in the same microsecond go together. Only the purge may.
macro_rules! delete_expired {
    ($tx:ident, $table:ident, $until:ident, $limit:ident) => {{
        $tx.check_purge()?;
        let last: Option<Instant> = on!($tx, |c| $table::table
            .filter($table::expire_time.le($until))
            .order($table::expire_time.asc())
            .offset($limit - 1)
            .select($table::expire_time)
            .first(c)
            .await
            .optional())?;
        let until = last.unwrap_or($until);
        let old = $table::table.filter($table::expire_time.le(until));
        Ok(on!($tx, |c| diesel::delete(old).execute(c).await)?)
    }};
}
