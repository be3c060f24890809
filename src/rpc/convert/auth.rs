//! Messages of `reeve.auth.v1`.

use super::{
    super::call::{NamesTenant, Parsed, optional_tenant},
    fields::{Fields, required, unknown_value},
    resources::{profile, tenant, timestamp, user},
};
use crate::{
    access::NamedTenant,
    model::{
        clock::Instant,
        email::EmailAddress,
        error::FieldViolation,
        id::{Id as _, TenantId},
        session::SignOutScope,
        text::DisplayName,
    },
    ops::auth::{IssuedSession, Jwks, SignIn, SignUp, StartSignUp, WhoAmI},
    password::Password,
    pb::auth::v1 as pb,
};
use secrecy::{ExposeSecret as _, SecretString};

/// Names no tenant: public, or about the caller.
macro_rules! names_no_tenant {
    ($($message:ident),+ $(,)?) => { $(
        impl NamesTenant for pb::$message {
            fn named_tenant(&self) -> Result<NamedTenant, FieldViolation> {
                Ok(NamedTenant::None)
            }
        }
    )+ };
}
names_no_tenant!(
    StartSignUpRequest,
    SignUpRequest,
    SignInRequest,
    RefreshSessionRequest,
    SignOutRequest,
    WhoAmIRequest,
    GetJwksRequest,
);

macro_rules! names_argument {
    ($($message:ident),+ $(,)?) => { $(
        impl NamesTenant for pb::$message {
            fn named_tenant(&self) -> Result<NamedTenant, FieldViolation> {
                TenantId::parse("tenant_id", &self.tenant_id).map(NamedTenant::Argument)
            }
        }
    )+ };
}
names_argument!(SwitchTenantRequest, LeaveTenantRequest);

pub(in crate::rpc) fn start_sign_up(message: pb::StartSignUpRequest) -> Parsed<StartSignUp> {
    let mut fields = Fields::default();
    let email = fields.take(EmailAddress::parse("email", &message.email));
    let token = message.invitation_token;
    let invitation_token = (!token.is_empty()).then(|| SecretString::from(token));
    fields.finish(email.map(|email| StartSignUp { email, invitation_token }))
}

pub(in crate::rpc) fn start_sign_up_response(expire_time: Instant) -> pb::StartSignUpResponse {
    pb::StartSignUpResponse { expire_time: timestamp(expire_time) }
}

pub(in crate::rpc) fn sign_up(message: pb::SignUpRequest) -> Parsed<SignUp> {
    let mut fields = Fields::default();
    let token = SecretString::from(message.token);
    let email = fields.take(EmailAddress::parse("email", &message.email));
    let password = fields.take(password(message.password));
    let display_name = fields.take(DisplayName::parse("display_name", &message.display_name));
    let input = (|| {
        Some(SignUp { token, email: email?, password: password?, display_name: display_name? })
    })();
    fields.finish(input)
}

pub(in crate::rpc) fn sign_up_response(issued: IssuedSession) -> pb::SignUpResponse {
    pb::SignUpResponse { session: Some(session(issued)) }
}

pub(in crate::rpc) fn sign_in(message: pb::SignInRequest) -> Parsed<SignIn> {
    let mut fields = Fields::default();
    let email = fields.take(EmailAddress::parse("email", &message.email));
    let password = fields.take(password(message.password));
    let tenant_id = fields.take(optional_tenant(&message.tenant_id));
    let input = (|| Some(SignIn { email: email?, password: password?, tenant_id: tenant_id? }))();
    fields.finish(input)
}

pub(in crate::rpc) fn sign_in_response(issued: IssuedSession) -> pb::SignInResponse {
    pb::SignInResponse { outcome: Some(pb::sign_in_response::Outcome::Session(session(issued))) }
}

pub(in crate::rpc) fn refresh_session(message: pb::RefreshSessionRequest) -> Parsed<SecretString> {
    let mut fields = Fields::default();
    let token = fields.take(required("refresh_token", message.refresh_token));
    fields.finish(token.map(SecretString::from))
}

pub(in crate::rpc) fn refresh_session_response(
    issued: IssuedSession,
) -> pb::RefreshSessionResponse {
    pb::RefreshSessionResponse { session: Some(session(issued)) }
}

pub(in crate::rpc) fn sign_out(message: pb::SignOutRequest) -> Parsed<SignOutScope> {
    let mut fields = Fields::default();
    let scope = fields.take(match pb::SignOutScope::try_from(message.scope) {
        Ok(pb::SignOutScope::Unspecified | pb::SignOutScope::Current) => Ok(SignOutScope::Current),
        Ok(pb::SignOutScope::Others) => Ok(SignOutScope::Others),
        Ok(pb::SignOutScope::All) => Ok(SignOutScope::All),
        Err(_) => Err(unknown_value("scope")),
    });
    fields.finish(scope)
}

pub(in crate::rpc) fn sign_out_response(_ended: usize) -> pb::SignOutResponse {
    pb::SignOutResponse {}
}

#[allow(clippy::unnecessary_wraps, reason = "every request is parsed the same way")]
pub(in crate::rpc) fn who_am_i(_: pb::WhoAmIRequest) -> Parsed<()> {
    Ok(())
}

pub(in crate::rpc) fn who_am_i_response(me: WhoAmI) -> pb::WhoAmIResponse {
    let membership =
        |(held, of)| pb::Membership { tenant: Some(tenant(of)), profile: Some(profile(held)) };
    pb::WhoAmIResponse {
        user: Some(user(me.user)),
        tenant: Some(tenant(me.tenant)),
        profile: Some(profile(me.profile)),
        memberships: me.memberships.into_iter().map(membership).collect(),
    }
}

pub(in crate::rpc) fn switch_tenant(message: pb::SwitchTenantRequest) -> Parsed<TenantId> {
    let mut fields = Fields::default();
    let id = fields.take(TenantId::parse("tenant_id", &message.tenant_id));
    fields.finish(id)
}

pub(in crate::rpc) fn switch_tenant_response(issued: IssuedSession) -> pb::SwitchTenantResponse {
    pb::SwitchTenantResponse { session: Some(session(issued)) }
}

pub(in crate::rpc) fn leave_tenant(message: pb::LeaveTenantRequest) -> Parsed<TenantId> {
    let mut fields = Fields::default();
    let id = fields.take(TenantId::parse("tenant_id", &message.tenant_id));
    fields.finish(id)
}

pub(in crate::rpc) fn leave_tenant_response((): ()) -> pb::LeaveTenantResponse {
    pb::LeaveTenantResponse {}
}

#[allow(clippy::unnecessary_wraps, reason = "every request is parsed the same way")]
pub(in crate::rpc) fn get_jwks(_: pb::GetJwksRequest) -> Parsed<()> {
    Ok(())
}

pub(in crate::rpc) fn get_jwks_response(jwks: Jwks) -> pb::GetJwksResponse {
    let key = |key: crate::token::Jwk| pb::Jwk {
        kty: key.kty.to_owned(),
        crv: key.crv.to_owned(),
        x: key.x,
        kid: key.kid,
        r#use: key.use_.to_owned(),
        alg: key.alg.to_owned(),
    };
    pb::GetJwksResponse { keys: jwks.keys.into_iter().map(key).collect(), jwks_json: jwks.json }
}

fn session(issued: IssuedSession) -> pb::Session {
    pb::Session {
        access_token: issued.access_token.expose_secret().to_owned(),
        access_token_expire_time: timestamp(issued.access_token_expire_time),
        refresh_token: issued.refresh_token.expose_secret().to_owned(),
        refresh_token_expire_time: timestamp(issued.refresh_token_expire_time),
        user: Some(user(issued.user)),
        tenant: Some(tenant(issued.tenant)),
        profile: Some(profile(issued.profile)),
    }
}

fn password(text: String) -> Result<Password, FieldViolation> {
    required("password", text).map(|text| Password::new(&text))
}
