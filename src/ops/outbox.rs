//! Mail is a row in the transaction that decided it; a worker sends it afterwards.

use crate::{
    access::{Reach, Scope, SystemUse},
    app::App,
    db::{Tx, mail_outbox},
    mail::Transport,
    model::{
        Error, Result,
        budget::Budget,
        id::{Id as _, MailId},
        mail::{Mail, MailState, QueuedMail},
    },
    token::SealPurpose,
};
use std::{sync::Arc, time::Duration};

const LEASE: Duration = Duration::from_mins(2);
const ATTEMPTS: i32 = 12;

/// Seals a mail into the outbox, which no tenant and no person reaches.
pub async fn queue(tx: &mut Tx, app: &App, mail: &Mail) -> Result<()> {
    let id: MailId = app.new_id();
    let text = serde_json::to_vec(mail).map_err(Error::internal)?;
    let (kid, sealed) =
        app.ring()?.seal(SealPurpose::Mail, id.as_uuid().as_bytes(), &text, app.rng.as_ref())?;
    let now = tx.now().await?;
    let insert =
        async |tx: &mut Tx| mail_outbox::insert(tx, id, mail.template(), &kid, &sealed, now).await;
    if matches!(tx.scope().reach(), Reach::System(_)) {
        return insert(tx).await;
    }
    tx.within(scope(), insert).await
}

/// Sends one mail that is due; `false` when there is none.
pub async fn deliver_next(app: &App, transport: &Transport) -> Result<bool> {
    match claim(app).await? {
        Some(queued) => deliver(app, transport, queued).await.map(|()| true),
        None => Ok(false),
    }
}

async fn claim(app: &App) -> Result<Option<QueuedMail>> {
    app.db
        .write(scope(), &budget(), async |tx| {
            let now = tx.now().await?;
            mail_outbox::claim(tx, now, now + LEASE).await
        })
        .await
}

async fn deliver(app: &App, transport: &Transport, queued: QueuedMail) -> Result<()> {
    let opened = app.ring()?.open_sealed(
        SealPurpose::Mail,
        &queued.kid,
        queued.id.as_uuid().as_bytes(),
        &queued.sealed,
    );
    let mail: Option<Mail> = opened.ok().and_then(|text| serde_json::from_slice(&text).ok());
    let outcome = match &mail {
        Some(mail) => transport
            .send(queued.id, mail, app.clock.now())
            .await
            .map_err(|error| (error.permanent, error.why)),
        None => Err((true, "the mail cannot be opened with the keyring".to_owned())),
    };
    let (id, attempts) = (queued.id, queued.attempts);
    let outcome = &outcome;
    app.db
        .write(scope(), &budget(), async |tx| {
            let now = tx.now().await?;
            match outcome {
                Ok(()) => mail_outbox::finish(tx, id, MailState::Sent, None, now).await,
                Err((permanent, why)) if *permanent || attempts >= ATTEMPTS => {
                    tracing::error!(mail_id = %id, attempts, reason = %why, "mail given up");
                    mail_outbox::finish(tx, id, MailState::Dead, Some(why), now).await
                }
                Err((_, why)) => {
                    tracing::warn!(mail_id = %id, attempts, reason = %why, "mail put off");
                    mail_outbox::postpone(tx, id, why, now + backoff(attempts)).await
                }
            }
        })
        .await
}

/// 2 s, 4 s, … up to half an hour.
fn backoff(attempts: i32) -> Duration {
    let exponent = u32::try_from(attempts).unwrap_or(1).min(11);
    Duration::from_secs(1 << exponent).min(Duration::from_mins(30))
}

fn scope() -> Scope {
    Scope::system(SystemUse::Outbox)
}

fn budget() -> Arc<Budget> {
    Arc::new(Budget::lasting(Duration::from_secs(10)))
}
