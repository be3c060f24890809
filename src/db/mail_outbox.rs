//! Mail that waits to be sent, sealed.

use super::{schema::mail_outbox, tx::Tx};
use crate::model::{
    Result,
    clock::Instant,
    id::MailId,
    mail::{MailState, MailTemplate, QueuedMail},
};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

pub async fn insert(
    tx: &mut Tx,
    id: MailId,
    template: MailTemplate,
    kid: &str,
    sealed: &[u8],
    now: Instant,
) -> Result<()> {
    on!(tx, |c| diesel::insert_into(mail_outbox::table)
        .values((
            mail_outbox::id.eq(id),
            mail_outbox::template.eq(template),
            mail_outbox::state.eq(MailState::Pending),
            mail_outbox::sealed.eq(sealed),
            mail_outbox::kid.eq(kid),
            mail_outbox::attempts.eq(0),
            mail_outbox::next_attempt_time.eq(now),
            mail_outbox::create_time.eq(now),
        ))
        .execute(c)
        .await)?;
    Ok(())
}

/// Takes one mail that is due and leases it until `lease`, so that no other replica sends it.
pub async fn claim(tx: &mut Tx, now: Instant, lease: Instant) -> Result<Option<QueuedMail>> {
    macro_rules! due {
        () => {
            mail_outbox::table
                .filter(mail_outbox::state.eq(MailState::Pending))
                .filter(mail_outbox::next_attempt_time.le(now))
                .order(mail_outbox::next_attempt_time.asc())
                .select((
                    mail_outbox::id,
                    mail_outbox::sealed.assume_not_null(),
                    mail_outbox::kid,
                    mail_outbox::attempts,
                    mail_outbox::create_time,
                ))
        };
    }
    let row: Option<(MailId, Vec<u8>, String, i32, Instant)> = on!(
        tx,
        pg | c | due!().for_update().skip_locked().first(c).await.optional(),
        sqlite | c | due!().first(c).await.optional(),
    )?;
    let Some((id, sealed, kid, attempts, create_time)) = row else { return Ok(None) };
    on!(tx, |c| diesel::update(mail_outbox::table.find(id))
        .set((
            mail_outbox::next_attempt_time.eq(lease),
            mail_outbox::attempts.eq(mail_outbox::attempts + 1),
        ))
        .execute(c)
        .await)?;
    Ok(Some(QueuedMail { id, sealed, kid, attempts: attempts + 1, create_time }))
}

/// Ends a mail, sent or given up; what it said is forgotten.
pub async fn finish(
    tx: &mut Tx,
    id: MailId,
    state: MailState,
    error: Option<&str>,
    now: Instant,
) -> Result<()> {
    on!(tx, |c| diesel::update(mail_outbox::table.find(id))
        .set((
            mail_outbox::state.eq(state),
            mail_outbox::sealed.eq(None::<Vec<u8>>),
            mail_outbox::last_error.eq(error),
            mail_outbox::end_time.eq(now),
        ))
        .execute(c)
        .await)?;
    Ok(())
}

/// Puts a mail off after a failure that may pass.
pub async fn postpone(tx: &mut Tx, id: MailId, error: &str, until: Instant) -> Result<()> {
    on!(tx, |c| diesel::update(mail_outbox::table.find(id))
        .set((mail_outbox::last_error.eq(error), mail_outbox::next_attempt_time.eq(until)))
        .execute(c)
        .await)?;
    Ok(())
}
