//! Events, in commit order without gaps.

use super::{
    schema::{event_head, events},
    tx::Tx,
    types::Json,
};
use crate::model::{
    Result,
    event::{Actor, NewEvent},
};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

/// Takes the next position. The row stays locked until the transaction ends, which is what
/// orders events by commit, so this comes as late in a transaction as possible.
pub async fn next_position(tx: &mut Tx) -> Result<i64> {
    Ok(on!(tx, |c| diesel::update(event_head::table.find(1_i16))
        .set(event_head::position.eq(event_head::position + 1))
        .returning(event_head::position)
        .get_result(c)
        .await)?)
}

/// Appends an event at the next position and answers the position.
pub async fn append(tx: &mut Tx, actor: &Actor, event: &NewEvent) -> Result<i64> {
    let position = next_position(tx).await?;
    insert(tx, position, actor, event).await?;
    Ok(position)
}

/// Inserts an event at a position that [`next_position`] gave.
pub async fn insert(tx: &mut Tx, position: i64, actor: &Actor, event: &NewEvent) -> Result<()> {
    let now = tx.now().await?;
    on!(tx, |c| diesel::insert_into(events::table)
        .values((
            events::position.eq(position),
            events::kind.eq(event.kind),
            events::tenant_id.eq(event.tenant_id),
            events::subject_id.eq(event.subject_id),
            events::actor_kind.eq(actor.kind),
            events::actor_id.eq(actor.id),
            events::request_id.eq(&actor.request_id),
            events::data.eq(Json(event.data.clone())),
            events::create_time.eq(now),
        ))
        .execute(c)
        .await)?;
    Ok(())
}
