//! Exchanges a refresh token for fresh tokens.

use super::open_session::{self, IssuedSession, Member};
use crate::{
    access::Scope,
    db::{Tx, events, sessions, tenants, user_profiles, users},
    model::{
        Error, Reason, Result,
        clock::Instant,
        event::{EventKind, NewEvent},
        profile::ProfileState,
        session::{EndReason, Session},
        tenant::TenantState,
        user::UserState,
    },
    ops::Cx,
};
use secrecy::{ExposeSecret as _, SecretString};
use std::time::Duration;

/// How long the token before the current one is answered with the current one: the client may
/// have lost the answer.
const GRACE: Duration = Duration::from_secs(10);

/// What the transaction decided. A refusal is committed, because reuse ends the session.
enum Outcome {
    Refreshed(Box<(Member, Session)>),
    Refused(Reason),
}

/// A token carries the counter of its session. The current counter rotates; the one before it
/// gets the current token again, unchanged, within the grace; anything else has been stolen or
/// forged with our keys and ends the session.
pub async fn refresh_session(cx: &Cx, scope: Scope, token: SecretString) -> Result<IssuedSession> {
    let parsed = cx
        .app
        .ring()?
        .parse_refresh(token.expose_secret())
        .ok_or_else(|| refused(Reason::RefreshTokenInvalid))?;
    let outcome = cx
        .write(scope, async |tx| {
            let Some(session) = sessions::find_for_update(tx, parsed.session).await? else {
                return Ok(Outcome::Refused(Reason::RefreshTokenInvalid));
            };
            let now = tx.now().await?;
            if session.end_time.is_some()
                || now >= session.idle_expire_time
                || now >= session.expire_time
            {
                return Ok(Outcome::Refused(Reason::SessionEnded));
            }
            let repeated =
                parsed.counter == session.counter - 1 && now.since(session.rotated_time) <= GRACE;
            if parsed.counter != session.counter && !repeated {
                end_for_reuse(cx, tx, &session, now).await?;
                return Ok(Outcome::Refused(Reason::RefreshTokenReused));
            }
            let Some(member) = live_member(tx, &session).await? else {
                return Ok(Outcome::Refused(Reason::SessionEnded));
            };
            let session = if repeated { session } else { rotate(cx, tx, session, now).await? };
            Ok(Outcome::Refreshed(Box::new((member, session))))
        })
        .await?;
    match outcome {
        Outcome::Refreshed(both) => {
            let (member, session) = *both;
            open_session::issue(cx, member, &session)
        }
        Outcome::Refused(reason) => Err(refused(reason)),
    }
}

async fn rotate(cx: &Cx, tx: &mut Tx, mut session: Session, now: Instant) -> Result<Session> {
    session.counter += 1;
    (_, session.kid) = cx.app.ring()?.refresh_token(session.id, session.counter, None);
    session.idle_expire_time = (now + cx.app.settings.refresh_idle).min(session.expire_time);
    sessions::rotate(tx, session.id, session.counter, &session.kid, session.idle_expire_time, now)
        .await?;
    Ok(session)
}

async fn end_for_reuse(cx: &Cx, tx: &mut Tx, session: &Session, now: Instant) -> Result<()> {
    sessions::end(tx, session.id, EndReason::RefreshTokenReused, now).await?;
    let event =
        NewEvent::new(EventKind::RefreshTokenReused, Some(session.tenant_id), session.user_id)
            .with("session_id", session.id.to_string());
    events::append(tx, &cx.actor(), &event).await?;
    tracing::warn!(
        user_id = %session.user_id, tenant_id = %session.tenant_id, session_id = %session.id,
        "authn_token_reuse: a spent refresh token was presented; the session is ended"
    );
    Ok(())
}

/// The person behind the session, if user, membership and tenant are live now.
async fn live_member(tx: &mut Tx, session: &Session) -> Result<Option<Member>> {
    let user = users::find(tx, session.user_id).await?;
    let profile = user_profiles::find(tx, session.tenant_id, session.user_id).await?;
    let tenant = tenants::find(tx, session.tenant_id).await?;
    let (Some(user), Some(profile), Some(tenant)) = (user, profile, tenant) else {
        return Ok(None);
    };
    let live = user.state == UserState::Active
        && profile.state == ProfileState::Active
        && tenant.state == TenantState::Active;
    Ok(live.then_some(Member { user, profile, tenant }))
}

fn refused(reason: Reason) -> Error {
    let message = match reason {
        Reason::RefreshTokenReused => {
            "This refresh token was used before; its session is ended. Sign in again."
        }
        Reason::SessionEnded => "The session has ended. Sign in again.",
        _ => "The refresh token is not valid. Sign in again.",
    };
    Error::new(reason, message)
}
