//! `CreateInvitation`: fields, limits, and tenants that take nobody in.

use super::World;
use crate::support::{
    Backend, Options, Server, assert_refused,
    invite::{mailed, returned},
    violated_fields,
};
use prost_types::Timestamp;
use reeve::{
    model::clock::Clock as _,
    pb::{common::v1::Role, invitation::v1 as pb},
};
use tonic::Code;
use tonic_types::StatusExt as _;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

fn expiring(server: &Server, seconds: i64) -> pb::CreateInvitationRequest {
    let seconds = server.clock.now().as_seconds() + seconds;
    pb::CreateInvitationRequest {
        expire_time: Some(Timestamp { seconds, nanos: 0 }),
        ..returned("carl@else.org", Role::Member)
    }
}

on_both! {
    // IN-22: what is no address is refused, and with it everything else that is wrong.
    async fn wrong_fields_are_refused_together(backend: Backend) {
        let it = World::new(backend).await;
        for email in [
            "", "carl", "carl@", "@else.org", "carl@else", "carl@else.org.", "a,b@else.org",
            "Carl <carl@else.org>", "c\u{e4}rl@else.org", "carl\r\n@else.org", "\"carl\"@else.org",
            "carl@[127.0.0.1]", "carl\u{ff20}else.org", "carl@else.org\0",
        ] {
            let refused = it.server.try_invite(&it.owner, returned(email, Role::Member)).await;
            let status = assert_refused(refused, Code::InvalidArgument, "FIELD_INVALID");
            assert_eq!(violated_fields(&status), ["email"], "{email:?}");
        }
        for (field, request) in [
            ("role", returned("carl@else.org", Role::Unspecified)),
            ("role", pb::CreateInvitationRequest { role: 9, ..returned("c@else.org", Role::Member) }),
            ("delivery", pb::CreateInvitationRequest { delivery: 9, ..returned("c@else.org", Role::Member) }),
        ] {
            let refused = it.server.try_invite(&it.owner, request).await;
            let status = assert_refused(refused, Code::InvalidArgument, "FIELD_INVALID");
            assert_eq!(violated_fields(&status), [field]);
        }
        let all = pb::CreateInvitationRequest { delivery: -1, ..Default::default() };
        let refused = it.server.try_invite(&it.owner, all).await.unwrap_err();
        assert_eq!(violated_fields(&refused), ["email", "role", "delivery"]);
        assert_eq!(it.server.count("invitation_tokens").await, 0);
    }

    // IN-23, G-86: one hour to 30 days, and no time that overflows.
    async fn expiry_has_bounds(backend: Backend) {
        let it = World::new(backend).await;
        for seconds in [-DAY, 0, HOUR - 5, 30 * DAY + 60] {
            let refused = it.server.try_invite(&it.owner, expiring(&it.server, seconds)).await;
            let status = assert_refused(refused, Code::InvalidArgument, "FIELD_INVALID");
            assert_eq!(violated_fields(&status), ["expire_time"], "{seconds}");
        }
        for (seconds, nanos) in
            [(i64::MAX, 0), (i64::MIN, 0), (253_402_300_800, 0), (0, -1), (0, 1_000_000_000), (0, i32::MIN)]
        {
            let request = pb::CreateInvitationRequest {
                expire_time: Some(Timestamp { seconds, nanos }),
                ..returned("carl@else.org", Role::Member)
            };
            let refused = it.server.try_invite(&it.owner, request).await;
            let status = assert_refused(refused, Code::InvalidArgument, "FIELD_INVALID");
            assert_eq!(violated_fields(&status), ["expire_time"], "{seconds} {nanos}");
        }
        for seconds in [HOUR + 60, 30 * DAY - 60] {
            let request = expiring(&it.server, seconds);
            let asked = request.expire_time;
            let made = it.server.try_invite(&it.owner, request).await.unwrap().invitation.unwrap();
            assert_eq!(made.expire_time, asked);
            it.server.revoke_invitation(&it.owner, &made.id).await.unwrap();
        }
    }

    // The default life time is the operator's.
    async fn the_default_expiry_is_configured(backend: Backend) {
        let options = Options(vec![("REEVE_INVITATION_TTL", "2h".to_owned())]);
        let server = Server::start_with(backend, options).await;
        let tenant_id = server.create_tenant("acme", &[]).await;
        let request =
            pb::CreateInvitationRequest { tenant_id, ..returned("carl@else.org", Role::Owner) };
        let made = server.try_invite(&server.operator(), request).await.unwrap();
        let made = made.invitation.unwrap();
        let life = made.expire_time.unwrap().seconds - made.create_time.unwrap().seconds;
        assert_eq!(life, 2 * HOUR);
    }

    // IN-15, R-INV-6: nothing is made for a tenant that takes nobody in.
    async fn a_closed_tenant_invites_nobody(backend: Backend) {
        let it = World::new(backend).await;
        let operator = it.server.operator();
        let request = pb::CreateInvitationRequest {
            tenant_id: it.acme.clone(),
            ..mailed("carl@else.org", Role::Member)
        };
        for (columns, reason) in [
            ("state = 'suspended'", "TENANT_INACTIVE"),
            ("state = 'deleted'", "TENANT_INACTIVE"),
            ("state = 'active', enrollment = 'closed'", "ENROLLMENT_CLOSED"),
        ] {
            it.set("tenants", &it.acme, columns).await;
            let refused = it.server.try_invite(&operator, request.clone()).await;
            assert_refused(refused, Code::FailedPrecondition, reason);
        }
        assert_eq!(it.server.count("invitation_tokens").await, 0);
        it.set("tenants", &it.acme, "enrollment = 'invite_only'").await;
        it.server.try_invite(&operator, request).await.unwrap();
    }

    // IN-30: 500 wait at most; what has ended or run out is not counted, nor what others have.
    async fn pending_invitations_are_limited(backend: Backend) {
        let it = World::new(backend).await;
        it.server.invite(&it.owner, "first@else.org", Role::Member).await;
        let (acme, globex) = (it.server.literal(&it.acme), it.server.literal(&it.globex));
        for number in 1..502 {
            let tenant = if number < 500 { &acme } else { &globex };
            it.server.execute(&copy(&it.server, number, tenant)).await;
        }
        let refused = it.server.try_invite(&it.owner, mailed("carl@else.org", Role::Member)).await;
        let status =
            assert_refused(refused, Code::FailedPrecondition, "INVITATION_LIMIT_REACHED");
        assert_eq!(status.get_error_details().error_info().unwrap().metadata["limit"], "500");
        let past = it.server.time_ahead(-1);
        let sql = format!("UPDATE invitation_tokens SET expire_time = {past} WHERE email = 'n7@else.org'");
        it.server.execute(&sql).await;
        it.server.invite(&it.owner, "carl@else.org", Role::Member).await;
        let full = it.server.try_invite(&it.owner, returned("dan@else.org", Role::Member)).await;
        assert_refused(full, Code::FailedPrecondition, "INVITATION_LIMIT_REACHED");
    }

    async fn validate_only_checks_and_does_nothing(backend: Backend) {
        let it = World::new(backend).await;
        for request in
            [mailed("carl@else.org", Role::Member), returned("carl@else.org", Role::Member)]
        {
            let request = pb::CreateInvitationRequest { validate_only: true, ..request };
            let answer = it.server.try_invite(&it.owner, request).await.unwrap();
            assert_eq!((answer.token.as_str(), answer.invite_url.as_str()), ("", ""));
            assert_eq!(answer.invitation.unwrap().email, "carl@else.org");
        }
        for table in ["invitation_tokens", "mail_outbox WHERE template = 'invitation'",
            "events WHERE kind = 'invitation.created'"]
        {
            assert_eq!(it.server.count(table).await, 0, "{table}");
        }
        let member = pb::CreateInvitationRequest {
            validate_only: true,
            ..returned("ann@acme.com", Role::Member)
        };
        let refused = it.server.try_invite(&it.owner, member).await;
        assert_refused(refused, Code::AlreadyExists, "ALREADY_MEMBER");
    }
}

/// Another pending invitation like the first one.
fn copy(server: &Server, number: u32, tenant: &str) -> String {
    let id = server.literal(&format!("00000000-0000-7000-8000-{number:012}"));
    let hash = match server.backend {
        Backend::Postgres => format!("decode('{number:064}', 'hex')"),
        Backend::Sqlite => format!("X'{number:064}'"),
    };
    format!(
        "INSERT INTO invitation_tokens (id, tenant_id, email, email_key, role, state, delivery, \
         token_hash, token_time, inviter_kind, expire_time, create_time) \
         SELECT {id}, {tenant}, 'n{number}@else.org', 'n{number}@else.org', role, state, delivery, \
         {hash}, token_time, inviter_kind, expire_time, create_time FROM invitation_tokens \
         WHERE email = 'first@else.org'"
    )
}
