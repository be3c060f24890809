//! Gives a domain up. Enrolment by it stops at once, also for sign-ups that wait for proof.

use crate::{
    access::Scope,
    db::{events, tenant_domains},
    model::{
        Error, Result,
        event::{EventKind, NewEvent},
        id::DomainId,
    },
    ops::{Cx, authority},
};

pub async fn remove_domain(cx: &Cx, scope: Scope, id: DomainId) -> Result<()> {
    cx.write(scope, async |tx| {
        authority::lock(cx, tx, scope).await?;
        let removed =
            tenant_domains::delete(tx, id).await?.ok_or_else(|| Error::not_found("domain"))?;
        let event = NewEvent::new(EventKind::DomainRemoved, Some(removed.tenant_id), removed.id)
            .with("domain", removed.domain.as_str());
        events::append(tx, &cx.actor(), &event).await?;
        Ok(())
    })
    .await
}
