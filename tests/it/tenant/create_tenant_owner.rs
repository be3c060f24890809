//! `CreateTenant` with an `owner_email`: a tenant and the invitation of its first owner.

use crate::support::{
    Backend, Server, assert_refused, ghost,
    invite::of,
    server::{Metadata, PASSWORD, operator_key},
    violated_fields,
};
use reeve::pb::{
    common::v1::{Enrollment, Role},
    invitation::v1 as invitation,
    tenant::v1 as pb,
};
use tonic::{Code, Status};

const GAIL: &str = "Gail@else.org";
const MAILS: &str = "mail_outbox WHERE template = 'invitation'";

async fn create(
    server: &Server,
    by: Metadata,
    request: pb::CreateTenantRequest,
) -> Result<pb::CreateTenantResponse, Status> {
    Ok(server.tenant_as(by).create_tenant(request).await?.into_inner())
}

fn owned(slug: &str, owner_email: &str) -> pb::CreateTenantRequest {
    pb::CreateTenantRequest {
        slug: slug.to_owned(),
        owner_email: owner_email.to_owned(),
        ..Default::default()
    }
}

async fn get(server: &Server, made: &pb::CreateTenantResponse) -> invitation::Invitation {
    let request = invitation::GetInvitationRequest {
        invitation_id: made.owner_invitation_id.clone(),
        tenant_id: made.tenant.as_ref().unwrap().id.clone(),
    };
    let answer = server.invitations_as(server.operator()).get_invitation(request).await;
    answer.unwrap().into_inner().invitation.unwrap()
}

async fn nothing_was_made(server: &Server) {
    for table in ["tenants", "invitation_tokens", "mail_outbox", "idempotency"] {
        assert_eq!(server.count(table).await, 0, "{table}");
    }
}

on_both! {
    // IN-01: who is mailed the invitation signs up with it, and owns the tenant.
    async fn the_owner_is_invited_by_mail(backend: Backend) {
        let server = Server::start(backend).await;
        let request = pb::CreateTenantRequest {
            display_name: "Acme, Inc.".to_owned(),
            seat_limit: Some(1),
            domains: vec!["acme.com".to_owned()],
            ..owned("acme", GAIL)
        };
        let made = create(&server, server.operator(), request).await.unwrap();
        let found = get(&server, &made).await;
        let acme = made.tenant.unwrap().id;
        assert_eq!((found.role(), found.email.as_str()), (Role::Owner, GAIL));
        assert_eq!((&found.tenant_id, found.invited_by.as_str()), (&acme, ""));
        assert_eq!(found.delivery(), invitation::Delivery::Outbox);
        assert_eq!(found.state(), invitation::InvitationState::Pending);
        let life = found.expire_time.unwrap().seconds - found.create_time.unwrap().seconds;
        assert_eq!(life, 7 * 86_400);
        let kinds = "SELECT kind AS value FROM events WHERE tenant_id IS NOT NULL ORDER BY position";
        let expected = ["tenant.created", "domain.added", "invitation.created"];
        assert_eq!(server.texts(kinds).await, expected);

        let mail = server.mail_to(GAIL, "token=").await;
        assert!(mail.contains("You are invited to Acme, Inc."), "{mail}");
        let token = server.mailed_token(GAIL).await;
        let session = server.try_sign_up(&token, "gail@else.org", PASSWORD).await.unwrap();
        assert!(session.user.as_ref().unwrap().email_verified);
        let profile = session.profile.as_ref().unwrap();
        assert_eq!((&profile.tenant_id, profile.role()), (&acme, Role::Owner));
        // IN-18: hers is the only seat.
        server.try_start("ann@acme.com").await.unwrap();
        let proof = server.mailed_token("ann@acme.com").await;
        let full = server.try_sign_up(&proof, "ann@acme.com", PASSWORD).await;
        assert_refused(full, Code::FailedPrecondition, "SEAT_LIMIT_REACHED");
        let last = server.leave_tenant(&session.access_token, &acme).await;
        assert_refused(last, Code::FailedPrecondition, "LAST_OWNER");
    }

    // IN-02, IN-37: somebody with an account accepts, and owns two.
    async fn an_account_becomes_the_owner(backend: Backend) {
        let server = Server::start(backend).await;
        server.create_tenant("globex", &["globex.com"]).await;
        let bob = of(&server.sign_up("bob@globex.com").await);
        let by = server.operator();
        let made = create(&server, by, owned("acme", "bob@globex.com")).await.unwrap();
        let accepted = server.accept_by_id(&bob, &made.owner_invitation_id).await.unwrap();
        assert_eq!(accepted.tenant, made.tenant);
        assert_eq!(accepted.profile.unwrap().role(), Role::Owner);
    }

    async fn without_an_address_nobody_is_invited(backend: Backend) {
        let server = Server::start(backend).await;
        let made = create(&server, server.operator(), owned("acme", "")).await.unwrap();
        assert_eq!(made.owner_invitation_id, "");
        assert_eq!(server.count("invitation_tokens").await, 0);
        assert_eq!(server.count("mail_outbox").await, 0);
    }

    async fn what_is_refused_leaves_no_invitation(backend: Backend) {
        let server = Server::start(backend).await;
        let plain = || owned("acme", GAIL);
        for wrong in ["gail", "gail@else", "gail@else.org, eve@else.org", "G <gail@else.org>"] {
            let refused = create(&server, server.operator(), owned("acme", wrong)).await;
            let status = assert_refused(refused, Code::InvalidArgument, "FIELD_INVALID");
            assert_eq!(violated_fields(&status), ["owner_email"]);
        }
        let domains = vec!["company".to_owned()];
        let refused = pb::CreateTenantRequest { domains, ..plain() };
        let refused = create(&server, server.operator(), refused).await;
        assert_refused(refused, Code::InvalidArgument, "DOMAIN_REFUSED");
        // An invitation that could never be accepted is not made.
        let closed = pb::CreateTenantRequest { enrollment: Enrollment::Closed.into(), ..plain() };
        let refused = create(&server, server.operator(), closed).await;
        assert_refused(refused, Code::FailedPrecondition, "ENROLLMENT_CLOSED");
        let tried = pb::CreateTenantRequest { validate_only: true, ..plain() };
        let tried = create(&server, server.operator(), tried).await.unwrap();
        assert_eq!(tried.tenant.unwrap().slug, "acme");
        nothing_was_made(&server).await;

        create(&server, server.operator(), plain()).await.unwrap();
        let taken = create(&server, server.operator(), plain()).await;
        assert_refused(taken, Code::AlreadyExists, "TENANT_SLUG_TAKEN");
        assert_eq!(server.count(MAILS).await, 1);
    }

    async fn a_repeat_invites_nobody_again(backend: Backend) {
        let server = Server::start(backend).await;
        let request = pb::CreateTenantRequest { request_id: ghost(), ..owned("acme", GAIL) };
        let tried = pb::CreateTenantRequest { validate_only: true, ..request.clone() };
        create(&server, server.operator(), tried).await.unwrap();
        let first = create(&server, server.operator(), request.clone()).await.unwrap();
        let token = server.mailed_token(GAIL).await;
        let again = async || create(&server, server.operator(), request.clone()).await.unwrap();
        for _ in 0..2 {
            let repeat = again().await;
            assert!(repeat.replayed);
            assert_eq!(repeat.owner_invitation_id, first.owner_invitation_id);
        }
        let other = owned("acme", "eve@else.org");
        let other = pb::CreateTenantRequest { request_id: request.request_id.clone(), ..other };
        let refused = create(&server, server.operator(), other).await;
        assert_refused(refused, Code::InvalidArgument, "REQUEST_ID_REUSED");
        server.try_sign_up(&token, GAIL, PASSWORD).await.unwrap();
        // Also when it was accepted, and another one made after it.
        assert_eq!(again().await.owner_invitation_id, first.owner_invitation_id);
        assert_eq!(get(&server, &first).await.state(), invitation::InvitationState::Accepted);
        assert_eq!((server.count("invitation_tokens").await, server.count(MAILS).await), (1, 1));
    }

    // IN-16, R-INV-6: it rests on the key that made the tenant, until another one resends it.
    async fn the_invitation_dies_with_the_operators_key(backend: Backend) {
        let server = Server::start(backend).await;
        server.create_tenant("globex", &["globex.com"]).await;
        let bob = of(&server.sign_up("bob@globex.com").await);
        let key = operator_key(&server.app, &[]).await;
        let by = Metadata::bearer(&key);
        let made = create(&server, by, owned("acme", "bob@globex.com")).await.unwrap();
        let id = &made.owner_invitation_id;
        let inviter = server.text("SELECT {id} AS value FROM invitation_tokens", "invited_by").await;
        let key = server.literal(&inviter);
        let now = server.time_ahead(0);
        server.execute(&format!("UPDATE api_keys SET revoke_time = {now} WHERE id = {key}")).await;
        let void = server.accept_by_id(&bob, id).await;
        assert_refused(void, Code::FailedPrecondition, "INVITATION_VOID");
        server.age_invitations(61).await;
        let resend = invitation::ResendInvitationRequest {
            invitation_id: id.clone(),
            tenant_id: made.tenant.unwrap().id,
            ..Default::default()
        };
        server.invitations_as(server.operator()).resend_invitation(resend).await.unwrap();
        server.accept_by_id(&bob, id).await.unwrap();
    }

    async fn operators_name_the_owner_by_command(backend: Backend) {
        let server = Server::start(backend).await;
        let create = ["tenant", "create", "acme", "--owner-email", GAIL];
        let made = server.cli(&create).await;
        assert_eq!(made.code, 0, "{made:?}");
        assert!(made.stdout.contains("Gail@else.org is invited as owner"), "{made:?}");
        server.mail_to(GAIL, "token=").await;
        let json = ["tenant", "create", "beta", "--owner-email", GAIL, "--json"];
        let id = server.cli(&json).await.json()["owner_invitation_id"].as_str().unwrap().to_owned();
        let (id, role) = (server.literal(&id), "owner");
        let row = format!("invitation_tokens WHERE id = {id} AND role = '{role}'");
        assert_eq!(server.count(&row).await, 1);
        let none = server.cli(&["tenant", "create", "gamma", "--json"]).await.json();
        assert!(none.get("owner_invitation_id").is_none(), "{none}");
        let refused = server.cli(&["tenant", "create", "delta", "--owner-email", "gail"]).await;
        assert_eq!(refused.code, 2, "{refused:?}");
        assert!(refused.stderr.contains("--owner-email"), "{refused:?}");
        assert_eq!(server.count("tenants").await, 3);
    }
}
