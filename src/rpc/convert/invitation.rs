//! Messages of `reeve.invitation.v1`.

use super::{
    super::call::{NamesTenant, Parsed, scope_tenant},
    fields::{Fields, optional_time, page, request_key, required_role, unknown_value},
    resources::{profile, role, tenant, timestamp},
};
use crate::{
    access::{Action, NamedTenant},
    model::{
        email::EmailAddress,
        error::FieldViolation,
        id::{Id as _, InvitationId},
        invitation::{Delivery, Invitation, InvitationState, InviterKind},
        page::{Page, PageRequest},
        tenant::Tenant,
    },
    ops::invitation::{
        AcceptInvitation, Accepted, By, CreateInvitation, CreatedInvitation, Expiry,
        IssuedInvitation, ListInvitations, Preview, ResendInvitation, Returned,
    },
    pb::invitation::v1 as pb,
};
use secrecy::{ExposeSecret as _, SecretString};
use std::mem::take;

macro_rules! names_tenant {
    ($tenant:expr => $($message:ident),+ $(,)?) => { $(
        impl NamesTenant for pb::$message {
            fn named_tenant(&self) -> Result<NamedTenant, FieldViolation> {
                let named: fn(&Self) -> Result<NamedTenant, FieldViolation> = $tenant;
                named(self)
            }
        }
    )+ };
}
names_tenant!(|message| scope_tenant(&message.tenant_id) =>
    CreateInvitationRequest,
    GetInvitationRequest,
    ListInvitationsRequest,
    ResendInvitationRequest,
    RevokeInvitationRequest,
);
names_tenant!(|_| Ok(NamedTenant::None) =>
    ListMyInvitationsRequest,
    PreviewInvitationRequest,
    AcceptInvitationRequest,
    DeclineInvitationRequest,
);

pub(in crate::rpc) fn create_invitation(
    mut message: pb::CreateInvitationRequest,
) -> Parsed<CreateInvitation> {
    let request_id = take(&mut message.request_id);
    let validate_only = take(&mut message.validate_only);
    let mut fields = Fields::default();
    let request = fields.take(request_key(Action::CreateInvitation, &request_id, &message));
    let email = fields.take(EmailAddress::parse("email", &message.email));
    let role = fields.take(required_role("role", message.role));
    let end = fields.take(optional_time("expire_time", message.expire_time));
    let delivery = fields.take(delivery(message.delivery));
    let input = (|| {
        Some(CreateInvitation {
            email: email?,
            role: role?,
            expiry: end?.map_or(Expiry::Default, Expiry::At),
            delivery: delivery?.unwrap_or(Delivery::Outbox),
            request: request?,
            validate_only,
        })
    })();
    fields.finish(input)
}

fn delivery(value: i32) -> Result<Option<Delivery>, FieldViolation> {
    match pb::Delivery::try_from(value) {
        Ok(pb::Delivery::Unspecified) => Ok(None),
        Ok(pb::Delivery::Outbox) => Ok(Some(Delivery::Outbox)),
        Ok(pb::Delivery::ReturnToken) => Ok(Some(Delivery::ReturnToken)),
        Err(_) => Err(unknown_value("delivery")),
    }
}

pub(in crate::rpc) fn create_invitation_response(
    created: CreatedInvitation,
) -> pb::CreateInvitationResponse {
    let (token, invite_url) = shown_once(created.returned);
    let invitation = Some(invitation(created.invitation));
    pb::CreateInvitationResponse { invitation, token, invite_url, replayed: created.replayed }
}

/// Token and link; empty where there are none.
fn shown_once(returned: Option<Returned>) -> (String, String) {
    returned.map_or_else(Default::default, |it| {
        (it.token.expose_secret().to_owned(), it.invite_url.expose_secret().to_owned())
    })
}

fn invitation(invitation: Invitation) -> pb::Invitation {
    let state = match invitation.state {
        InvitationState::Pending => pb::InvitationState::Pending,
        InvitationState::Accepted => pb::InvitationState::Accepted,
        InvitationState::Declined => pb::InvitationState::Declined,
        InvitationState::Revoked => pb::InvitationState::Revoked,
        InvitationState::Expired => pb::InvitationState::Expired,
    };
    let delivery = match invitation.delivery {
        Delivery::Outbox => pb::Delivery::Outbox,
        Delivery::ReturnToken => pb::Delivery::ReturnToken,
    };
    // Which operator it was is the platform's own affair.
    let inviter =
        invitation.inviter.id.filter(|_| invitation.inviter.kind != InviterKind::Operator);
    let accepted = invitation.accepted_by;
    pb::Invitation {
        id: invitation.id.to_string(),
        tenant_id: invitation.tenant_id.to_string(),
        email: invitation.email.as_typed().to_owned(),
        role: role(invitation.role).into(),
        state: state.into(),
        delivery: delivery.into(),
        invited_by: inviter.map(|id| id.to_string()).unwrap_or_default(),
        create_time: timestamp(invitation.create_time),
        expire_time: timestamp(invitation.expire_time),
        accept_time: accepted.and(invitation.end_time).and_then(timestamp),
        accepted_by: accepted.map(|id| id.to_string()).unwrap_or_default(),
    }
}

pub(in crate::rpc) fn get_invitation(message: pb::GetInvitationRequest) -> Parsed<InvitationId> {
    let mut fields = Fields::default();
    let id = fields.take(InvitationId::parse("invitation_id", &message.invitation_id));
    fields.finish(id)
}

pub(in crate::rpc) fn get_invitation_response(found: Invitation) -> pb::GetInvitationResponse {
    pb::GetInvitationResponse { invitation: Some(invitation(found)) }
}

pub(in crate::rpc) fn list_invitations(
    message: pb::ListInvitationsRequest,
) -> Parsed<ListInvitations> {
    let mut fields = Fields::default();
    let request = fields.take(page(message.page_size, message.page_token));
    let state = fields.take(state(message.state));
    let input = (|| Some(ListInvitations { state: state?, page: request? }))();
    fields.finish(input)
}

fn state(value: i32) -> Result<Option<InvitationState>, FieldViolation> {
    match pb::InvitationState::try_from(value) {
        Ok(pb::InvitationState::Unspecified) => Ok(None),
        Ok(pb::InvitationState::Pending) => Ok(Some(InvitationState::Pending)),
        Ok(pb::InvitationState::Accepted) => Ok(Some(InvitationState::Accepted)),
        Ok(pb::InvitationState::Declined) => Ok(Some(InvitationState::Declined)),
        Ok(pb::InvitationState::Revoked) => Ok(Some(InvitationState::Revoked)),
        Ok(pb::InvitationState::Expired) => Ok(Some(InvitationState::Expired)),
        Err(_) => Err(unknown_value("state")),
    }
}

pub(in crate::rpc) fn list_invitations_response(
    page: Page<Invitation>,
) -> pb::ListInvitationsResponse {
    pb::ListInvitationsResponse {
        invitations: page.items.into_iter().map(invitation).collect(),
        next_page_token: page.next_token,
    }
}

pub(in crate::rpc) fn list_my_invitations(
    message: pb::ListMyInvitationsRequest,
) -> Parsed<PageRequest> {
    let mut fields = Fields::default();
    let request = fields.take(page(message.page_size, message.page_token));
    fields.finish(request)
}

pub(in crate::rpc) fn list_my_invitations_response(
    page: Page<(Invitation, Tenant)>,
) -> pb::ListMyInvitationsResponse {
    pb::ListMyInvitationsResponse {
        invitations: page.items.into_iter().map(received).collect(),
        next_page_token: page.next_token,
    }
}

fn received((invitation, tenant): (Invitation, Tenant)) -> pb::ReceivedInvitation {
    pb::ReceivedInvitation {
        id: invitation.id.to_string(),
        tenant_id: invitation.tenant_id.to_string(),
        tenant_display_name: tenant.shown_name().to_owned(),
        role: role(invitation.role).into(),
        create_time: timestamp(invitation.create_time),
        expire_time: timestamp(invitation.expire_time),
    }
}

pub(in crate::rpc) fn resend_invitation(
    message: pb::ResendInvitationRequest,
) -> Parsed<ResendInvitation> {
    let mut fields = Fields::default();
    let id = fields.take(InvitationId::parse("invitation_id", &message.invitation_id));
    let delivery = fields.take(delivery(message.delivery));
    let input = (|| Some(ResendInvitation { id: id?, delivery: delivery? }))();
    fields.finish(input)
}

pub(in crate::rpc) fn resend_invitation_response(
    issued: IssuedInvitation,
) -> pb::ResendInvitationResponse {
    let (token, invite_url) = shown_once(issued.returned);
    let invitation = Some(invitation(issued.invitation));
    pb::ResendInvitationResponse { invitation, token, invite_url }
}

pub(in crate::rpc) fn revoke_invitation(
    message: pb::RevokeInvitationRequest,
) -> Parsed<InvitationId> {
    let mut fields = Fields::default();
    let id = fields.take(InvitationId::parse("invitation_id", &message.invitation_id));
    fields.finish(id)
}

pub(in crate::rpc) fn revoke_invitation_response(
    revoked: Invitation,
) -> pb::RevokeInvitationResponse {
    pb::RevokeInvitationResponse { invitation: Some(invitation(revoked)) }
}

pub(in crate::rpc) fn preview_invitation(
    message: pb::PreviewInvitationRequest,
) -> Parsed<SecretString> {
    let mut fields = Fields::default();
    let token = fields.take(token(message.token));
    fields.finish(token)
}

/// Which texts are tokens is not told: that is for the look-up to answer.
fn token(text: String) -> Result<SecretString, FieldViolation> {
    if text.is_empty() {
        return Err(FieldViolation::new("token", "REQUIRED", "must not be empty"));
    }
    Ok(SecretString::from(text))
}

pub(in crate::rpc) fn preview_invitation_response(
    preview: Preview,
) -> pb::PreviewInvitationResponse {
    pb::PreviewInvitationResponse {
        tenant_display_name: preview.tenant_name,
        masked_email: preview.masked_email,
        role: role(preview.role).into(),
        expire_time: timestamp(preview.expire_time),
    }
}

pub(in crate::rpc) fn accept_invitation(
    mut message: pb::AcceptInvitationRequest,
) -> Parsed<AcceptInvitation> {
    let request_id = take(&mut message.request_id);
    let mut fields = Fields::default();
    let request = fields.take(request_key(Action::AcceptInvitation, &request_id, &message));
    let by = fields.take(by(message));
    let input = (|| Some(AcceptInvitation { by: by?, request: request? }))();
    fields.finish(input)
}

fn by(message: pb::AcceptInvitationRequest) -> Result<By, FieldViolation> {
    match (message.invitation_id.is_empty(), message.token.is_empty()) {
        (false, true) => InvitationId::parse("invitation_id", &message.invitation_id).map(By::Id),
        (true, false) => token(message.token).map(By::Token),
        _ => Err(FieldViolation::new(
            "invitation_id",
            "ONE_OF",
            "must be given or else the token, and not both",
        )),
    }
}

pub(in crate::rpc) fn accept_invitation_response(
    accepted: Accepted,
) -> pb::AcceptInvitationResponse {
    pb::AcceptInvitationResponse {
        profile: Some(profile(accepted.profile)),
        tenant: Some(tenant(accepted.tenant)),
        replayed: accepted.replayed,
    }
}

pub(in crate::rpc) fn decline_invitation(
    message: pb::DeclineInvitationRequest,
) -> Parsed<SecretString> {
    let mut fields = Fields::default();
    let token = fields.take(token(message.token));
    fields.finish(token)
}

pub(in crate::rpc) fn decline_invitation_response((): ()) -> pb::DeclineInvitationResponse {
    pb::DeclineInvitationResponse {}
}
