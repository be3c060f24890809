//! `StartSignUp` and `SignUp` by invitation: what they make, and where the person lands.

use crate::support::{
    Backend, Server, assert_refused, claims, hex,
    seed::{OPERATOR, member},
    server::PASSWORD,
};
use prost::Message;
use reeve::{
    model::{
        invitation::{Delivery, Inviter},
        role::Role,
    },
    pb::{
        auth::v1::{SignUpResponse, StartSignUpRequest},
        common::v1::Role as Named,
    },
};
use tonic::{Code, Request, Status, codegen::http::uri::PathAndQuery};

/// `SignUpRequest` with fields that it does not have.
#[derive(Clone, PartialEq, Message)]
struct Greedy {
    #[prost(string, tag = "1")]
    token: String,
    #[prost(string, tag = "2")]
    email: String,
    #[prost(string, tag = "3")]
    password: String,
    #[prost(string, tag = "5")]
    tenant_id: String,
    #[prost(bool, tag = "6")]
    email_verified: bool,
    #[prost(int32, tag = "7")]
    role: i32,
}

impl Greedy {
    /// Wants to own a tenant.
    fn of(token: &str, email: &str, tenant: &str) -> Self {
        Self {
            token: token.to_owned(),
            email: email.to_owned(),
            password: PASSWORD.to_owned(),
            tenant_id: tenant.to_owned(),
            email_verified: true,
            role: Named::Owner.into(),
        }
    }

    async fn send(self, server: &Server) -> Result<SignUpResponse, Status> {
        let mut client = tonic::client::Grpc::new(server.channel.clone());
        client.ready().await.unwrap();
        let path = PathAndQuery::from_static("/reeve.auth.v1.AuthService/SignUp");
        let codec = tonic_prost::ProstCodec::<Self, SignUpResponse>::default();
        client.unary(Request::new(self), path, codec).await.map(tonic::Response::into_inner)
    }
}

on_both! {
    // IN-01, R-INV-3: the mailed token is the proof; everything is one commit.
    async fn a_mailed_invitation_is_all_it_takes(backend: Backend) {
        let server = Server::start(backend).await;
        let acme = server.create_tenant("acme", &["acme.com"]).await;
        server.seed_departure(&acme, "bob@else.org").await;
        let (id, token) =
            server.seed_invitation(&acme, "bob@else.org", Delivery::Outbox, Role::Admin, OPERATOR).await;
        // R-ENR-1: before it there is nothing that could sign in.
        let refused = server.sign_in("bob@else.org", PASSWORD).await;
        assert_refused(refused, Code::Unauthenticated, "SIGN_IN_FAILED");
        // A sign-up that was started by it as well.
        server.try_start_invited("bob@else.org", &token).await.unwrap();
        assert_eq!(server.count("pending_sign_ups").await, 1);

        let session = server.try_sign_up(&token, "Bob@ELSE.org", PASSWORD).await.unwrap();
        let (user, profile) = (session.user.unwrap(), session.profile.unwrap());
        assert_eq!((user.email.as_str(), user.email_verified), ("Bob@ELSE.org", true));
        assert_eq!((user.tenant_id.as_str(), profile.role()), (acme.as_str(), Named::Admin));
        let told = claims(&session.access_token);
        assert_eq!((&told["tenant_id"], &told["role"]), (&acme.as_str().into(), &"admin".into()));
        assert_eq!(told["email_verified"], true);
        let (by, id) = (server.literal(&user.id), server.literal(&id));
        for (from, rows) in [
            (format!("invitation_tokens WHERE id = {id} AND state = 'accepted' AND accepted_by = {by} AND end_time IS NOT NULL"), 1),
            ("user_profiles WHERE role = 'admin' AND state = 'active'".to_owned(), 1),
            ("sessions WHERE end_time IS NULL".to_owned(), 1),
            ("pending_sign_ups".to_owned(), 0),
            ("departures".to_owned(), 0),
            (format!("events WHERE kind = 'user.created' AND subject_id = {by}"), 1),
            (format!("events WHERE kind = 'invitation.accepted' AND subject_id = {id}"), 1),
        ] {
            assert_eq!(server.count(&from).await, rows, "{from}");
        }
        // IN-35: the events say why, and nothing personal.
        let data = server.texts("SELECT CAST(data AS TEXT) AS value FROM events WHERE kind IN ('user.created', 'invitation.accepted') ORDER BY position").await;
        assert!(data[0].contains("invitation") && data[1].contains(&user.id), "{data:?}");
        assert!(data.iter().all(|text| !text.to_lowercase().contains("else.org")), "{data:?}");
        server.who_am_i(&session.access_token).await.unwrap();
        server.sign_in("bob@else.org", PASSWORD).await.unwrap();
    }

    // IN-01, R-INV-4: a returned token leads by way of a mail to the address.
    async fn a_returned_invitation_needs_a_mail_first(backend: Backend) {
        let server = Server::start(backend).await;
        let acme = server.create_tenant("acme", &[]).await;
        let token = server.returned_invitation(&acme, "bob@else.org").await;
        let refused = server.try_sign_up(&token, "bob@else.org", PASSWORD).await;
        assert_refused(refused, Code::FailedPrecondition, "MAILBOX_PROOF_REQUIRED");

        let first = server.try_start_invited("bob@else.org", &token).await.unwrap();
        let mail = server.mail_to("bob@else.org", "token=").await;
        assert!(mail.contains("Finish signing up to acme"), "the mail names the tenant: {mail}");
        assert!(!mail.contains(&token), "the mail has a token of its own");
        // A restart, in whichever case, is the same sign-up and waits for the cool-down.
        assert_eq!(server.try_start_invited("BOB@else.org", &token).await.unwrap(), first);
        assert_eq!(server.count("mail_outbox").await, 1);
        let proof = server.mailed_token("bob@else.org").await;
        let earlier = server.shifted("mail_time", -61);
        server.execute(&format!("UPDATE pending_sign_ups SET mail_time = {earlier}")).await;
        server.try_start_invited("bob@else.org", &token).await.unwrap();
        server.mails_sent(2).await;
        assert!(server.mails().iter().all(|mail| mail.contains(&proof)), "the same token again");

        let session = server.try_sign_up(&proof, "bob@else.org", PASSWORD).await.unwrap();
        assert_eq!(claims(&session.access_token)["tenant_id"], acme.as_str());
        assert_eq!(server.count("invitation_tokens WHERE state = 'accepted'").await, 1);
        assert_eq!(server.count("pending_sign_ups").await, 0);
        assert_eq!(server.count("events WHERE kind = 'invitation.accepted'").await, 1);
    }

    // No proof is good for longer than the invitation it rests on.
    async fn a_proof_ends_with_its_invitation(backend: Backend) {
        let server = Server::start(backend).await;
        let acme = server.create_tenant("acme", &[]).await;
        let soon = server.returned_invitation(&acme, "bob@else.org").await;
        let ahead = server.time_ahead(3_600);
        server.execute(&format!("UPDATE invitation_tokens SET expire_time = {ahead}")).await;
        let started = server.try_start_invited("bob@else.org", &soon).await.unwrap();
        let same = "pending_sign_ups p JOIN invitation_tokens i ON i.id = p.basis_id \
                    WHERE i.expire_time = p.expire_time";
        assert_eq!(server.count(same).await, 1);
        let later = server.returned_invitation(&acme, "ann@else.org").await;
        let past = server.time_ahead(30 * 86_400);
        server.execute(&format!(
            "UPDATE invitation_tokens SET expire_time = {past} WHERE email_key = 'ann@else.org'"
        )).await;
        let day = server.try_start_invited("ann@else.org", &later).await.unwrap();
        let seconds = day.expire_time.unwrap().seconds - started.expire_time.unwrap().seconds;
        assert!((23 * 3_600 - 60..=23 * 3_600 + 60).contains(&seconds), "{seconds}");
    }

    // IN-39: the domain's tenant without the invitation's token, the inviting one with it.
    async fn an_invitation_wins_for_its_own_tenant_alone(backend: Backend) {
        let server = Server::start(backend).await;
        let inviting = server.create_tenant("inviting", &[]).await;
        let domain = server.create_tenant("domain", &["acme.com"]).await;
        for (email, mailed) in [("ann@acme.com", true), ("bob@acme.com", false)] {
            let token = if mailed {
                server.mailed_invitation(&inviting, email).await
            } else {
                let token = server.returned_invitation(&inviting, email).await;
                server.try_start_invited(email, &token).await.unwrap();
                server.mailed_token(email).await
            };
            let session = server.try_sign_up(&token, email, PASSWORD).await.unwrap();
            assert_eq!(session.tenant.unwrap().id, inviting);
        }
        server.mailed_invitation(&inviting, "eve@acme.com").await;
        assert_eq!(server.sign_up("eve@acme.com").await.tenant.unwrap().id, domain);
        // Which leaves the invitation to be accepted.
        assert_eq!(server.count("invitation_tokens WHERE state = 'pending'").await, 1);
        let domain = server.literal(&domain);
        assert_eq!(server.count(&format!("user_profiles WHERE tenant_id = {domain}")).await, 1);
    }

    // SU-30, SU-31, SU-32, R-INV-4: role, tenant and verification are not the caller's.
    async fn the_request_decides_neither_role_nor_tenant(backend: Backend) {
        let server = Server::start(backend).await;
        let acme = server.create_tenant("acme", &[]).await;
        let other = server.create_tenant("other", &[]).await;
        let mailed = server.mailed_invitation(&acme, "ann@else.org").await;
        let returned = server.returned_invitation(&acme, "bob@else.org").await;
        server.try_start_invited("bob@else.org", &returned).await.unwrap();
        let proof = server.mailed_token("bob@else.org").await;
        for (token, email) in [(&mailed, "ann@else.org"), (&proof, "bob@else.org")] {
            let made = Greedy::of(token, email, &other).send(&server).await.unwrap();
            let session = made.session.unwrap();
            let profile = session.profile.unwrap();
            assert_eq!((profile.role(), &profile.tenant_id), (Named::Member, &acme));
            assert_eq!(claims(&session.access_token)["role"], "member");
        }
        let foreign = server.literal(&other);
        assert_eq!(server.count(&format!("user_profiles WHERE tenant_id = {foreign}")).await, 0);
        // SU-32: nor does a claim stand in for the proof.
        let unproven = server.returned_invitation(&acme, "eve@else.org").await;
        let refused = Greedy::of(&unproven, "eve@else.org", &acme).send(&server).await;
        assert_refused(refused, Code::FailedPrecondition, "MAILBOX_PROOF_REQUIRED");
    }

    // The role is the invitation's, not the tenant's default.
    async fn each_role_is_given_as_invited(backend: Backend) {
        let server = Server::start(backend).await;
        let acme = server.create_tenant("acme", &["acme.com"]).await;
        let owner = server.sign_up_as("own@acme.com", Named::Owner).await.user.unwrap();
        let by_owner: Inviter = member(&owner.id);
        for (role, named) in
            [(Role::Owner, Named::Owner), (Role::Admin, Named::Admin), (Role::Member, Named::Member)]
        {
            let email = format!("{}@else.org", role.as_str());
            let token = server.seed_invitation(&acme, &email, Delivery::Outbox, role, by_owner).await.1;
            let session = server.try_sign_up(&token, &email, PASSWORD).await.unwrap();
            assert_eq!(session.profile.unwrap().role(), named);
        }
        // G-21: who comes by domain gets the default, whoever was there before.
        let session = server.sign_up("ann@acme.com").await;
        assert_eq!(session.profile.unwrap().role(), Named::Member);
    }

    // IN-05, R-INV-2, R-LOG-1: the token is stored as its hash, and no message prints it.
    async fn the_token_stays_out_of_rows_and_debug(backend: Backend) {
        let server = Server::start(backend).await;
        let acme = server.create_tenant("acme", &[]).await;
        let token = server.returned_invitation(&acme, "bob@else.org").await;
        let hash = hex(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, token.as_bytes()).as_ref());
        let literal = match backend {
            Backend::Postgres => format!("'\\x{hash}'"),
            Backend::Sqlite => format!("X'{hash}'"),
        };
        assert_eq!(server.count(&format!("invitation_tokens WHERE token_hash = {literal}")).await, 1);
        let request = StartSignUpRequest { email: "bob@else.org".into(), invitation_token: token };
        assert_eq!(format!("{request:?}"), "StartSignUpRequest");
    }
}
