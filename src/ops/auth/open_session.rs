//! What every way of signing in ends with: a session row and the tokens for it.

use crate::{
    db::Tx,
    model::{
        Result, clock::Instant, profile::Profile, session::Session, tenant::Tenant, user::User,
    },
    ops::Cx,
    token::{self, Subject},
};
use secrecy::SecretString;

/// A person in the tenant that the session is for.
#[derive(Debug, Clone)]
pub(super) struct Member {
    pub user: User,
    pub profile: Profile,
    pub tenant: Tenant,
}

/// Tokens, and what a client shows of the person behind them.
pub struct IssuedSession {
    pub access_token: SecretString,
    pub access_token_expire_time: Instant,
    pub refresh_token: SecretString,
    pub refresh_token_expire_time: Instant,
    pub user: User,
    pub tenant: Tenant,
    pub profile: Profile,
}

/// The row of a session that begins now.
pub(super) async fn new_session(cx: &Cx, tx: &mut Tx, member: &Member) -> Result<Session> {
    let now = tx.now().await?;
    let settings = &cx.app.settings;
    let expire_time = now + settings.refresh_absolute;
    let id = cx.new_id();
    let (_, kid) = cx.app.ring()?.refresh_token(id, 0, None);
    Ok(Session {
        id,
        tenant_id: member.tenant.id,
        user_id: member.user.id,
        counter: 0,
        kid,
        rotated_time: now,
        idle_expire_time: (now + settings.refresh_idle).min(expire_time),
        expire_time,
        user_agent: cx.client.user_agent.clone(),
        ip: cx.client.ip.map(|ip| ip.to_string()).unwrap_or_default(),
        end_time: None,
        create_time: now,
        last_used_time: now,
    })
}

/// The tokens for a session as its row stands. The refresh token is made from the row, so the
/// same row gives the same token.
pub(super) fn issue(cx: &Cx, member: Member, session: &Session) -> Result<IssuedSession> {
    let ring = cx.app.ring()?;
    let subject = Subject {
        user: member.user.id,
        session: session.id,
        tenant: member.tenant.id,
        tenant_slug: member.tenant.slug.as_str().to_owned(),
        role: member.profile.role,
        email_verified: member.user.verified_time.is_some(),
        mver: member.profile.mver,
    };
    let now = cx.app.clock.now();
    let (access, access_expire) =
        token::issue(&ring, &cx.app.tokens, &subject, now, cx.app.rng.as_ref())?;
    let (refresh, _) = ring.refresh_token(session.id, session.counter, Some(&session.kid));
    Ok(IssuedSession {
        access_token: access.into(),
        access_token_expire_time: access_expire,
        refresh_token: refresh.into(),
        refresh_token_expire_time: session.idle_expire_time.min(session.expire_time),
        user: member.user,
        tenant: member.tenant,
        profile: member.profile,
    })
}
