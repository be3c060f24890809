//! What a key may be: its name, its scopes, how long it lives, and how many there are.

use super::World;
use crate::support::{
    Backend, assert_refused,
    keys::key_request,
    race::{lock_row, race},
    reason, violated_fields,
};
use prost_types::Timestamp;
use reeve::{
    model::clock::Clock as _,
    pb::{auth::v1 as pb, common::v1::Role},
};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

const DAY: i64 = 86_400;
const LIMIT: i64 = 100;

fn good() -> pb::CreateApiKeyRequest {
    key_request(Role::Member, &["users:read"])
}

fn until(seconds: i64) -> pb::CreateApiKeyRequest {
    pb::CreateApiKeyRequest { expire_time: Some(Timestamp { seconds, nanos: 0 }), ..good() }
}

/// The field and the reason of each violation.
fn violations(status: &Status) -> Vec<(String, String)> {
    let details = status.get_error_details();
    let bad = details.bad_request().unwrap();
    bad.field_violations.iter().map(|it| (it.field.clone(), it.reason.clone())).collect()
}

/// Puts so many keys of a tenant in, as if they had been made.
async fn seed(it: &World, tenant: &str, count: i64, columns: &str, values: &str) {
    let (tenant, now) = (it.server.literal(tenant), it.server.time_ahead(0));
    let mut rows = Vec::new();
    for _ in 0..count {
        let id = crate::support::ghost();
        let hash = match it.server.backend {
            Backend::Postgres => format!("'\\x{}'::bytea", id.replace('-', "")),
            Backend::Sqlite => it.server.literal(&id),
        };
        let id = it.server.literal(&id);
        rows.push(format!("({id}, {tenant}, 'seed', 'member', {hash}, {now}{values})"));
    }
    let into = format!("api_keys (id, tenant_id, name, role, hash, create_time{columns})");
    it.server.execute(&format!("INSERT INTO {into} VALUES {}", rows.join(", "))).await;
}

on_both! {
    // R-TEN-7: unknown enum values; every field that is wrong is told.
    async fn a_request_must_say_what_the_key_is(backend: Backend) {
        let it = World::new(backend).await;
        let named = |name: &str| pb::CreateApiKeyRequest { name: name.to_owned(), ..good() };
        let scoped = |scopes: &[&str]| key_request(Role::Member, scopes);
        let role = |role: i32| pb::CreateApiKeyRequest { role, ..good() };
        for (request, field, why) in [
            (named(""), "name", "REQUIRED"),
            (named(" \t "), "name", "REQUIRED"),
            (role(0), "role", "REQUIRED"),
            (role(99), "role", "ENUM_VALUE_UNKNOWN"),
            (role(-1), "role", "ENUM_VALUE_UNKNOWN"),
            (scoped(&[]), "scopes", "REQUIRED"),
            (scoped(&[""]), "scopes", "SCOPE_UNKNOWN"),
            (scoped(&["users:read", "users"]), "scopes", "SCOPE_UNKNOWN"),
            (scoped(&["Users:Read"]), "scopes", "SCOPE_UNKNOWN"),
            (scoped(&["*"]), "scopes", "SCOPE_UNKNOWN"),
            (scoped(&["keys:write"]), "scopes", "SCOPE_UNKNOWN"),
        ] {
            let refused = it.server.try_create_key(&it.owner, request).await;
            let status = assert_refused(refused, Code::InvalidArgument, "FIELD_INVALID");
            assert_eq!(violations(&status), [(field.to_owned(), why.to_owned())]);
        }
        for name in ["a".repeat(101), "two\nlines".to_owned()] {
            let refused = it.server.try_create_key(&it.owner, named(&name)).await;
            let status = assert_refused(refused, Code::InvalidArgument, "FIELD_INVALID");
            assert_eq!(violated_fields(&status), ["name"]);
        }
        let request_id = "not-a-uuid".to_owned();
        let all = pb::CreateApiKeyRequest {
            request_id,
            expire_time: Some(Timestamp { seconds: 0, nanos: -1 }),
            ..Default::default()
        };
        let refused = it.server.try_create_key(&it.owner, all).await;
        let status = assert_refused(refused, Code::InvalidArgument, "FIELD_INVALID");
        let fields = ["request_id", "name", "role", "scopes", "expire_time"];
        assert_eq!(violated_fields(&status), fields);
        let tenant_id = "acme".to_owned();
        let malformed = pb::CreateApiKeyRequest { tenant_id, ..good() };
        let refused = it.server.try_create_key(&it.owner, malformed).await;
        let status = assert_refused(refused, Code::InvalidArgument, "FIELD_INVALID");
        assert_eq!(violated_fields(&status), ["tenant_id"]);
        assert_eq!(it.keys().await, 0);
    }

    async fn a_key_runs_out_within_a_year_and_a_day(backend: Backend) {
        let it = World::new(backend).await;
        let now = it.server.clock.now().as_seconds();
        for seconds in [now - 1, now - DAY, 0, now + 366 * DAY + 60, 253_402_300_799] {
            let refused = it.server.try_create_key(&it.owner, until(seconds)).await;
            let status = assert_refused(refused, Code::InvalidArgument, "FIELD_INVALID");
            let out = [("expire_time".to_owned(), "OUT_OF_RANGE".to_owned())];
            assert_eq!(violations(&status), out, "{}", seconds - now);
        }
        assert_eq!(it.keys().await, 0);
        for seconds in [now + 60, now + 366 * DAY - 60] {
            let made = it.server.try_create_key(&it.owner, until(seconds)).await.unwrap();
            assert_eq!(made.api_key.unwrap().expire_time.unwrap().seconds, seconds);
        }
    }

    // R-TEN-10: what is revoked or has run out does not count, nor does another tenant's.
    async fn a_tenant_has_so_many_live_keys_at_most(backend: Backend) {
        let it = World::new(backend).await;
        let past = it.server.time_ahead(-1);
        seed(&it, &it.globex, LIMIT, "", "").await;
        seed(&it, &it.acme, 3, ", revoke_time", &format!(", {past}")).await;
        seed(&it, &it.acme, 3, ", expire_time", &format!(", {past}")).await;
        let ahead = format!(", {}", it.server.time_ahead(60));
        seed(&it, &it.acme, LIMIT - 1, ", expire_time", &ahead).await;
        let last = it.key(Role::Member, &["users:read"]).await;
        for validate_only in [false, true] {
            let request = pb::CreateApiKeyRequest { validate_only, ..good() };
            let refused = it.server.try_create_key(&it.owner, request).await;
            let reason = "API_KEY_LIMIT_REACHED";
            let status = assert_refused(refused, Code::FailedPrecondition, reason);
            let details = status.get_error_details();
            assert_eq!(details.error_info().unwrap().metadata["limit"], "100");
        }
        it.server.revoke_key(&it.owner, &last.id, "").await.unwrap();
        it.key(Role::Member, &["users:read"]).await;
    }

    // R-TEN-10: at the limit, of eight at once one is made.
    async fn the_limit_holds_for_those_who_come_at_once(backend: Backend) {
        let it = World::new(backend).await;
        seed(&it, &it.acme, LIMIT - 1, "", "").await;
        let calls = (0..8).map(|_| {
            let mut client = it.server.auth_as(it.owner.clone());
            async move { client.create_api_key(good()).await }
        });
        let lock = lock_row(&it.server, "tenants", &it.acme);
        let answers = race(&it.server, &lock, calls.collect()).await;
        let (made, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
        assert_eq!((made.len(), refused.len()), (1, 7));
        for answer in refused {
            assert_eq!(reason(&answer.unwrap_err()), "API_KEY_LIMIT_REACHED");
        }
        assert_eq!(it.keys().await, LIMIT);
    }
}
