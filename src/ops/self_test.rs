//! What the service tries on itself before it says that it works.

use crate::{
    access::{Scope, SystemUse},
    app::App,
    db::fences,
    model::{
        Error, Result,
        id::{SessionId, TenantId, UserId},
        role::Role,
    },
    ops::Cx,
    token::{self, Subject},
};

/// Signs a throw-away token and verifies it.
pub fn sign_and_verify(app: &App) -> Result<()> {
    let ring = app.ring()?;
    let subject = Subject {
        user: app.new_id::<UserId>(),
        session: app.new_id::<SessionId>(),
        tenant: app.new_id::<TenantId>(),
        tenant_slug: "self-test".to_owned(),
        role: Role::Member,
        email_verified: false,
        mver: 0,
    };
    let now = app.clock.now();
    let (token, _) = token::issue(&ring, &app.tokens, &subject, now, app.rng.as_ref())?;
    token::verify(&ring, &app.tokens, now, &token)
        .map(drop)
        .map_err(|why| Error::internal(format!("an own token is refused: {}", why.as_str())))
}

/// Inserts a user by plain SQL, sees that its profile appears and that the fences refuse what
/// they must, and rolls everything back.
pub async fn exercise_fences(cx: &Cx) -> Result<()> {
    let scope = Scope::system(SystemUse::Sync);
    let (tenant, user) = (cx.new_id(), cx.new_id());
    cx.app.db.dry_run(scope, &cx.budget, async |tx| fences::exercise(tx, tenant, user).await).await
}
