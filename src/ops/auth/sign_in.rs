//! Signs in with address and password.

use super::open_session::{self, IssuedSession, Member};
use crate::{
    access::Scope,
    db::{Tx, sessions, user_profiles, users},
    model::{
        Error, Reason, Result,
        email::EmailAddress,
        id::TenantId,
        profile::{Profile, ProfileState},
        tenant::{Tenant, TenantState},
        user::{User, UserState},
    },
    ops::{Cx, throttle},
    password::Password,
};

pub struct SignIn {
    pub email: EmailAddress,
    pub password: Password,
    /// The tenant to be active in; `None` asks for the home tenant.
    pub tenant_id: Option<TenantId>,
}

/// One answer and one hash for every refusal: unknown address, wrong password, suspended user,
/// suspended tenant. A full queue for hashing refuses first, before anything is counted; then the
/// limits, before anything is looked up.
pub async fn sign_in(cx: &Cx, scope: Scope, input: SignIn) -> Result<IssuedSession> {
    let input = &input;
    cx.app.hasher.require_place()?;
    let attempt = &throttle::sign_in(cx, input.email.key()).await?;
    let permit = cx.app.hasher.permit().await?;
    // One query, whether the address has an account or not; the rest is read after the hash.
    let found =
        cx.read(scope, async |tx| users::find_by_email(tx, input.email.key()).await).await?;
    let stored = found.and_then(|(_, hash)| hash);
    let verdict = permit.verify(&input.password, stored.as_deref()).await?;
    let Some(stored) = stored.filter(|_| verdict.matches) else { return Err(refused()) };
    let fresh_hash = if verdict.rehash {
        // With no place free now the old hash stays for another time.
        match cx.app.hasher.permit().await {
            Ok(permit) => permit.hash(&input.password).await.ok(),
            Err(_) => None,
        }
    } else {
        None
    };
    let (stored, fresh_hash) = (stored.as_str(), fresh_hash.as_deref());
    let (member, session) = cx
        .write(scope, async |tx| {
            let member = member(tx, input, stored).await?.ok_or_else(refused)?;
            if let Some(new) = fresh_hash {
                let now = tx.now().await?;
                users::replace_password_hash(tx, member.user.id, stored, new, now).await?;
            }
            let session = open_session::new_session(cx, tx, &member).await?;
            sessions::insert(tx, &session).await?;
            // Last, because others from this source wait for the counter.
            attempt.succeed(tx).await?;
            Ok((member, session))
        })
        .await?;
    open_session::issue(cx, member, &session)
}

/// The person in the tenant to be active in, if account and password are still the same and
/// there is such a tenant that is live.
async fn member(tx: &mut Tx, input: &SignIn, stored: &str) -> Result<Option<Member>> {
    let found = users::find_by_email(tx, input.email.key()).await?;
    let Some((user, _)) = found
        .filter(|(user, hash)| user.state == UserState::Active && hash.as_deref() == Some(stored))
    else {
        return Ok(None);
    };
    let memberships = user_profiles::memberships(tx, user.id).await?;
    let chosen = choose(&user, memberships, input.tenant_id);
    Ok(chosen.map(|(profile, tenant)| Member { user, profile, tenant }))
}

/// The asked tenant; else home; else the oldest live membership.
fn choose(
    user: &User,
    memberships: Vec<(Profile, Tenant)>,
    asked: Option<TenantId>,
) -> Option<(Profile, Tenant)> {
    let mut live: Vec<_> = memberships
        .into_iter()
        .filter(|(profile, tenant)| {
            profile.state == ProfileState::Active && tenant.state == TenantState::Active
        })
        .collect();
    let wanted = asked.unwrap_or(user.tenant_id);
    let position = live.iter().position(|(_, tenant)| tenant.id == wanted);
    match (position, asked) {
        (Some(position), _) => Some(live.swap_remove(position)),
        (None, Some(_)) => None,
        (None, None) => live.into_iter().next(),
    }
}

fn refused() -> Error {
    Error::new(Reason::SignInFailed, "Sign-in failed: wrong address, password or tenant.")
}
