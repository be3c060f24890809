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
    ops::Cx,
    password::Password,
};

pub struct SignIn {
    pub email: EmailAddress,
    pub password: Password,
    /// The tenant to be active in; `None` asks for the home tenant.
    pub tenant_id: Option<TenantId>,
}

/// One answer and one hash for every refusal: unknown address, wrong password, suspended user,
/// suspended tenant. The hashing permit comes first, so a full queue refuses before any lookup.
pub async fn sign_in(cx: &Cx, scope: Scope, input: SignIn) -> Result<IssuedSession> {
    let input = &input;
    let permit = cx.app.hasher.permit().await?;
    let found = cx.read(scope, async |tx| look_up(tx, input).await).await?;
    let stored = found.as_ref().and_then(|found| found.hash.as_deref());
    let verdict = permit.verify(&input.password, stored).await?;
    let Some(found) = found.filter(|_| verdict.matches) else { return Err(refused()) };
    let fresh_hash = if verdict.rehash {
        Some(cx.app.hasher.permit().await?.hash(&input.password).await?)
    } else {
        None
    };
    let (found, fresh_hash) = (&found, fresh_hash.as_deref());
    let (member, session) = cx
        .write(scope, async |tx| {
            let again = look_up(tx, input).await?.filter(|again| again.hash == found.hash);
            let member = again.and_then(|again| again.member).ok_or_else(refused)?;
            if let (Some(old), Some(new)) = (found.hash.as_deref(), fresh_hash) {
                let now = tx.now().await?;
                users::replace_password_hash(tx, member.user.id, old, new, now).await?;
            }
            let session = open_session::new_session(cx, tx, &member).await?;
            sessions::insert(tx, &session).await?;
            Ok((member, session))
        })
        .await?;
    open_session::issue(cx, member, &session)
}

struct Account {
    hash: Option<String>,
    /// The person in the tenant to be active in; `None` when there is none that is live.
    member: Option<Member>,
}

async fn look_up(tx: &mut Tx, input: &SignIn) -> Result<Option<Account>> {
    let Some((user, hash)) = users::find_by_email(tx, input.email.key()).await? else {
        return Ok(None);
    };
    let memberships = user_profiles::memberships(tx, user.id).await?;
    let member = (user.state == UserState::Active)
        .then(|| choose(&user, memberships, input.tenant_id))
        .flatten()
        .map(|(profile, tenant)| Member { user, profile, tenant });
    Ok(Some(Account { hash, member }))
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
