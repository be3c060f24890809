//! The tables, as `migrations/` makes them. Private to `db`.

macro_rules! tables {
    ($($name:ident ($($pk:ident),+) { $($col:ident -> $ty:ty,)+ })+) => { $(
        diesel::table! {
            use diesel::sql_types::*;
            use crate::db::types::sql as s;
            $name ($($pk),+) { $($col -> $ty,)+ }
        }
    )+ };
}

tables! {
    tenants (id) {
        id -> s::TenantKey,
        slug -> Text,
        display_name -> Text,
        state -> Text,
        enrollment -> Text,
        default_role -> Text,
        seat_limit -> Nullable<Integer>,
        mfa_required -> Bool,
        home_url -> Text,
        version -> BigInt,
        create_time -> s::Moment,
        update_time -> s::Moment,
    }
    tenant_domains (id) {
        id -> s::DomainKey,
        tenant_id -> s::TenantKey,
        domain -> Text,
        include_subdomains -> Bool,
        state -> Text,
        verified_time -> Nullable<s::Moment>,
        create_time -> s::Moment,
    }
    users (id) {
        id -> s::UserKey,
        email -> Text,
        email_key -> Text,
        password_hash -> Nullable<Text>,
        tenant_id -> s::TenantKey,
        state -> Text,
        verified_time -> Nullable<s::Moment>,
        create_time -> s::Moment,
        update_time -> s::Moment,
    }
    user_profiles (tenant_id, user_id) {
        tenant_id -> s::TenantKey,
        user_id -> s::UserKey,
        role -> Text,
        display_name -> Text,
        state -> Text,
        mver -> BigInt,
        create_time -> s::Moment,
        update_time -> s::Moment,
    }
    pending_sign_ups (id) {
        id -> s::PendingKey,
        email -> Text,
        email_key -> Text,
        basis -> Text,
        basis_id -> s::SubjectKey,
        tenant_id -> s::TenantKey,
        kid -> Text,
        expire_time -> s::Moment,
        mail_time -> Nullable<s::Moment>,
        mail_count -> Integer,
        create_time -> s::Moment,
    }
    sessions (id) {
        id -> s::SessionKey,
        tenant_id -> s::TenantKey,
        user_id -> s::UserKey,
        counter -> BigInt,
        kid -> Text,
        rotated_time -> s::Moment,
        idle_expire_time -> s::Moment,
        expire_time -> s::Moment,
        user_agent -> Text,
        ip -> Text,
        end_time -> Nullable<s::Moment>,
        end_reason -> Nullable<Text>,
        create_time -> s::Moment,
        last_used_time -> s::Moment,
    }
    invitation_tokens (id) {
        id -> s::InvitationKey,
        tenant_id -> s::TenantKey,
        email -> Text,
        email_key -> Text,
        role -> Text,
        state -> Text,
        delivery -> Text,
        token_hash -> Binary,
        token_time -> s::Moment,
        resend_count -> Integer,
        inviter_kind -> Text,
        invited_by -> Nullable<s::SubjectKey>,
        accepted_by -> Nullable<s::UserKey>,
        expire_time -> s::Moment,
        create_time -> s::Moment,
        end_time -> Nullable<s::Moment>,
    }
    departures (tenant_id, email_key) {
        tenant_id -> s::TenantKey,
        email_key -> Text,
        create_time -> s::Moment,
    }
    idempotency (principal_id, scope_id, request_id) {
        principal_id -> s::SubjectKey,
        scope_id -> s::SubjectKey,
        request_id -> s::RequestKey,
        kid -> Text,
        tag -> Binary,
        made -> Nullable<s::SubjectKey>,
        expire_time -> s::Moment,
    }
    mail_outbox (id) {
        id -> s::MailKey,
        template -> Text,
        state -> Text,
        sealed -> Nullable<Binary>,
        kid -> Text,
        attempts -> Integer,
        next_attempt_time -> s::Moment,
        last_error -> Nullable<Text>,
        create_time -> s::Moment,
        end_time -> Nullable<s::Moment>,
    }
    keys (id) {
        id -> s::KeyKey,
        purpose -> Text,
        state -> Text,
        algorithm -> Text,
        sealed -> Binary,
        public -> Nullable<Binary>,
        create_time -> s::Moment,
    }
    api_keys (id) {
        id -> s::ApiKeyKey,
        tenant_id -> Nullable<s::TenantKey>,
        name -> Text,
        role -> Nullable<Text>,
        scopes -> s::Json,
        hash -> Binary,
        created_by -> Nullable<s::UserKey>,
        expire_time -> Nullable<s::Moment>,
        last_used_time -> Nullable<s::Moment>,
        revoke_time -> Nullable<s::Moment>,
        create_time -> s::Moment,
    }
    throttle (bucket) {
        bucket -> Binary,
        count -> Integer,
        expire_time -> s::Moment,
    }
    events (position) {
        position -> BigInt,
        kind -> Text,
        tenant_id -> Nullable<s::TenantKey>,
        subject_id -> Nullable<s::SubjectKey>,
        actor_kind -> Text,
        actor_id -> Nullable<s::SubjectKey>,
        request_id -> Nullable<Text>,
        data -> s::Json,
        create_time -> s::Moment,
    }
    event_head (id) {
        id -> SmallInt,
        position -> BigInt,
    }
}

diesel::joinable!(tenant_domains -> tenants (tenant_id));
diesel::joinable!(user_profiles -> users (user_id));
diesel::joinable!(user_profiles -> tenants (tenant_id));
diesel::joinable!(invitation_tokens -> tenants (tenant_id));
diesel::joinable!(sessions -> users (user_id));
diesel::joinable!(sessions -> tenants (tenant_id));
diesel::allow_tables_to_appear_in_same_query!(
    tenants,
    tenant_domains,
    users,
    user_profiles,
    pending_sign_ups,
    sessions,
    api_keys,
    invitation_tokens,
    departures,
);
