//! The keyring's rows.

use super::{schema::keys, tx::Tx};
use crate::model::{
    Result,
    clock::Instant,
    id::KeyId,
    key::{KeyPurpose, KeyState, SealedKey},
};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

#[derive(Queryable, Selectable)]
#[diesel(table_name = keys, check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
struct KeyRow {
    id: KeyId,
    purpose: KeyPurpose,
    state: KeyState,
    algorithm: String,
    sealed: Vec<u8>,
    public: Option<Vec<u8>>,
    create_time: Instant,
}

/// Every key of a purpose that this release knows; a newer one may have made others.
pub async fn list(tx: &mut Tx) -> Result<Vec<SealedKey>> {
    let known = KeyPurpose::ALL.iter().map(|purpose| purpose.as_str());
    let rows: Vec<KeyRow> = on!(tx, |c| keys::table
        .filter(keys::purpose.eq_any(known))
        .order(keys::id.asc())
        .select(KeyRow::as_select())
        .load(c)
        .await)?;
    Ok(rows
        .into_iter()
        .map(|row| SealedKey {
            id: row.id,
            purpose: row.purpose,
            state: row.state,
            algorithm: row.algorithm,
            sealed: row.sealed,
            public: row.public,
            create_time: row.create_time,
        })
        .collect())
}

/// Inserts a key unless its purpose has one in that state: another replica may have been first.
pub async fn insert_if_absent(tx: &mut Tx, key: &SealedKey) -> Result<bool> {
    let inserted = on!(tx, |c| diesel::insert_into(keys::table)
        .values((
            keys::id.eq(key.id),
            keys::purpose.eq(key.purpose),
            keys::state.eq(key.state),
            keys::algorithm.eq(&key.algorithm),
            keys::sealed.eq(&key.sealed),
            keys::public.eq(&key.public),
            keys::create_time.eq(key.create_time),
        ))
        .on_conflict_do_nothing()
        .execute(c)
        .await)?;
    Ok(inserted == 1)
}
