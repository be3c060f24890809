//! Finishes a sign-up: account, profile, session and event in one commit.

use super::open_session::{self, IssuedSession, Member};
use crate::{
    access::Scope,
    db::{Tx, events, pending_sign_ups, sessions, tenants, user_profiles, users},
    model::{
        Error, Reason, Result,
        clock::Instant,
        email::EmailAddress,
        error::FieldViolation,
        event::{EventKind, NewEvent},
        placement::DomainMatch,
        profile::{Profile, ProfileState},
        sign_up::PendingSignUp,
        tenant::Tenant,
        text::DisplayName,
        user::{User, UserState},
    },
    ops::{Cx, placement, seat, throttle},
    password::Password,
    token::SignUpToken,
};
use secrecy::{ExposeSecret as _, SecretString};

pub struct SignUp {
    /// From the proof mail; may be empty only where operators do not ask for proof.
    pub token: SecretString,
    pub email: EmailAddress,
    pub password: Password,
    pub display_name: DisplayName,
}

/// Creates the account and signs it in. The password is looked at only once the mailbox is
/// proven, so nobody can prepare an account that its owner then activates.
pub async fn sign_up(cx: &Cx, scope: Scope, input: SignUp) -> Result<IssuedSession> {
    let input = &input;
    let proof = prove(cx, scope, input).await?;
    let proof = proof.as_ref();
    check_password(cx, input, None)?;
    let tenant =
        cx.read(scope, async |tx| Ok(current_placement(tx, input, proof).await?.tenant)).await?;
    check_password(cx, input, Some(&tenant))?;
    let tenant = &tenant;
    let hash = cx.app.hasher.permit().await?.hash(&input.password).await?;
    let (member, session) = cx
        .write(scope, async |tx| {
            // Locked first: what is read after it stays true until the commit.
            tenants::lock(tx, tenant.id).await?;
            let found = current_placement(tx, input, proof).await?;
            if found.tenant.id != tenant.id {
                return Err(placement::unresolved());
            }
            seat::require_free(tx, &found.tenant).await?;
            if let Some(proof) = proof
                && !pending_sign_ups::delete(tx, proof.id).await?
            {
                return Err(not_proven());
            }
            let member = create(cx, tx, input, proof.is_some(), &found, &hash).await?;
            let session = open_session::new_session(cx, tx, &member).await?;
            sessions::insert(tx, &session).await?;
            Ok((member, session))
        })
        .await?;
    open_session::issue(cx, member, &session)
}

/// The pending sign-up that the token proves; `None` where no proof is asked for.
async fn prove(cx: &Cx, scope: Scope, input: &SignUp) -> Result<Option<PendingSignUp>> {
    let token = input.token.expose_secret();
    if token.is_empty() {
        if cx.app.settings.require_verified_email {
            return Err(Error::invalid(vec![FieldViolation::new(
                "token",
                "REQUIRED",
                "must be the token of the mail that StartSignUp sends",
            )]));
        }
        return Ok(None);
    }
    throttle::token(cx, find_proof(cx, scope, input, token), not_proven).await.map(Some)
}

/// The pending sign-up of a token that was made for this address and has not expired.
async fn find_proof(
    cx: &Cx,
    scope: Scope,
    input: &SignUp,
    token: &str,
) -> Result<Option<PendingSignUp>> {
    let ring = cx.app.ring()?;
    let Some(parsed) = SignUpToken::parse(token)
        .filter(|parsed| ring.check_sign_up(parsed, input.email.key().as_str()))
    else {
        return Ok(None);
    };
    cx.read(scope, async |tx| {
        let now = tx.now().await?;
        let row = pending_sign_ups::find(tx, parsed.id).await?;
        Ok(row.filter(|row| row.expire_time > now && row.email.key() == input.email.key()))
    })
    .await
}

/// Where the address lands now. A proof holds for the domain it was made for: when that was
/// removed or moved to another tenant meanwhile, nobody is placed by it.
async fn current_placement(
    tx: &mut Tx,
    input: &SignUp,
    proof: Option<&PendingSignUp>,
) -> Result<DomainMatch> {
    let found = placement::require(tx, &input.email).await?;
    let same = |proof: &PendingSignUp| {
        proof.basis_id == found.domain.id.into() && proof.tenant_id == found.tenant.id
    };
    if proof.is_none_or(same) { Ok(found) } else { Err(placement::unresolved()) }
}

fn check_password(cx: &Cx, input: &SignUp, tenant: Option<&Tenant>) -> Result<()> {
    let mut context = vec![input.email.key().as_str(), input.display_name.as_str()];
    if let Some(tenant) = tenant {
        context.extend([tenant.slug.as_str(), tenant.display_name.as_str()]);
    }
    cx.app
        .passwords
        .check("password", &input.password, &context)
        .map_err(|violation| Error::invalid(vec![violation]))
}

async fn create(
    cx: &Cx,
    tx: &mut Tx,
    input: &SignUp,
    proven: bool,
    found: &DomainMatch,
    hash: &str,
) -> Result<Member> {
    if users::find_by_email(tx, input.email.key()).await?.is_some() {
        return Err(account_exists());
    }
    let now = tx.now().await?;
    let user = new_user(cx, input, proven, &found.tenant, now);
    let position = events::next_position(tx).await?;
    let profile = Profile {
        tenant_id: found.tenant.id,
        user_id: user.id,
        email: user.email.clone(),
        display_name: input.display_name.clone(),
        role: found.tenant.default_role,
        state: ProfileState::Active,
        mver: position,
        create_time: now,
        update_time: now,
    };
    user_profiles::insert(tx, &profile).await?;
    if !users::insert(tx, &user, hash).await? {
        return Err(account_exists());
    }
    let event = NewEvent::new(EventKind::UserCreated, Some(found.tenant.id), user.id)
        .with("role", profile.role.as_str())
        .with("basis", "domain");
    events::insert(tx, position, &cx.actor(), &event).await?;
    Ok(Member { user, profile, tenant: found.tenant.clone() })
}

fn new_user(cx: &Cx, input: &SignUp, proven: bool, tenant: &Tenant, now: Instant) -> User {
    User {
        id: cx.new_id(),
        email: input.email.clone(),
        tenant_id: tenant.id,
        state: UserState::Active,
        verified_time: proven.then_some(now),
        create_time: now,
    }
}

/// One answer for a token that is forged, spent, expired or of another address.
fn not_proven() -> Error {
    Error::new(
        Reason::MailboxProofInvalid,
        "The sign-up token is not valid for this address, or was used or has expired. \
         Start the sign-up again.",
    )
}

fn account_exists() -> Error {
    Error::new(Reason::AccountExists, "This address has an account. Sign in instead.")
}
