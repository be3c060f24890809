//! Limits: how many invitations a tenant makes, and how many wrong tokens a source may try.

use super::{BOB, World};
use crate::support::{
    Backend, Server, assert_refused,
    invite::{mailed, of, returned},
    limits::{assert_limited, behind_a_proxy, counted, end_windows, set_counts, trusting},
    server::{Metadata, PASSWORD},
};
use reeve::pb::{
    auth::v1::{SignUpRequest, StartSignUpRequest},
    common::v1::Role,
    invitation::v1 as pb,
};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

const HERE: &str = "203.0.113.7";
const THERE: &str = "203.0.113.8";
const CARL: &str = "carl@else.org";
const DORA: &str = "dora@else.org";

/// Every way to present the token of an invitation.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Door {
    Preview,
    Decline,
    Accept,
    StartSignUp,
    SignUp,
}

const DOORS: [Door; 5] =
    [Door::Preview, Door::Decline, Door::Accept, Door::StartSignUp, Door::SignUp];

/// A server behind a proxy with a member of another tenant, who can accept.
struct Gate {
    server: Server,
    acme: String,
    bob: Metadata,
}

impl Gate {
    async fn new(backend: Backend) -> Self {
        let server = behind_a_proxy(backend).await;
        let acme = server.create_tenant("acme", &[]).await;
        server.create_tenant("globex", &["globex.com"]).await;
        let bob = of(&server.sign_up(BOB).await);
        Self { server, acme, bob }
    }

    /// An invitation that this door takes; the token.
    async fn token_for(&self, door: Door) -> String {
        let email = if door == Door::Accept { BOB } else { CARL };
        self.server.execute("DELETE FROM invitation_tokens").await;
        self.server.mailed_invitation(&self.acme, email).await
    }

    async fn knock(&self, door: Door, from: &str, token: &str) -> Result<(), Status> {
        let token = token.to_owned();
        let anybody = Metadata::default().with("x-forwarded-for", from);
        let mut public = self.server.invitations_as(anybody.clone());
        let mut auth = self.server.auth_as(anybody);
        let email = CARL.to_owned();
        match door {
            Door::Preview => {
                public.preview_invitation(pb::PreviewInvitationRequest { token }).await.map(drop)
            }
            Door::Decline => {
                public.decline_invitation(pb::DeclineInvitationRequest { token }).await.map(drop)
            }
            Door::Accept => {
                let bob = self.bob.clone().with("x-forwarded-for", from);
                let request = pb::AcceptInvitationRequest { token, ..Default::default() };
                self.server.invitations_as(bob).accept_invitation(request).await.map(drop)
            }
            Door::StartSignUp => {
                let request = StartSignUpRequest { email, invitation_token: token };
                auth.start_sign_up(request).await.map(drop)
            }
            Door::SignUp => {
                let (password, display_name) = (PASSWORD.to_owned(), String::new());
                auth.sign_up(SignUpRequest { token, email, password, display_name }).await.map(drop)
            }
        }
    }

    #[track_caller]
    fn assert_wrong(door: Door, answer: Result<(), Status>) {
        let (code, reason) = match door {
            Door::SignUp => (Code::FailedPrecondition, "MAILBOX_PROOF_INVALID"),
            _ => (Code::NotFound, "NOT_FOUND"),
        };
        assert_refused(answer, code, reason);
    }
}

/// What a refusal tells, but for how long to wait.
fn told(status: &Status) -> (String, std::collections::HashMap<String, String>) {
    (status.message().to_owned(), status.get_details_error_info().unwrap().metadata)
}

on_both! {
    // R-INV-7, R-RL-1: one count for every way in, and none for a right token.
    async fn a_wrong_token_is_counted_at_every_door(backend: Backend) {
        let it = Gate::new(backend).await;
        for door in DOORS {
            it.server.execute("DELETE FROM throttle").await;
            for wrong in ["A".repeat(43), "nonsense".to_owned()] {
                Gate::assert_wrong(door, it.knock(door, HERE, &wrong).await);
            }
            assert_eq!(counted(&it.server).await, 4, "{door:?}: by source, and over all");
            let right = it.token_for(door).await;
            it.knock(door, HERE, &right).await.unwrap();
            assert_eq!(counted(&it.server).await, 4, "{door:?}");
        }
    }

    // A token that proves no mailbox is a right one all the same.
    async fn a_returned_token_is_not_counted(backend: Backend) {
        let it = Gate::new(backend).await;
        it.server.execute("DELETE FROM throttle").await;
        let returned = it.server.returned_invitation(&it.acme, CARL).await;
        let refused = it.knock(Door::SignUp, HERE, &returned).await;
        assert_refused(refused, Code::FailedPrecondition, "MAILBOX_PROOF_REQUIRED");
        assert_eq!(counted(&it.server).await, 0);
    }

    // R-INV-7: below the limit a right token passes; at it, neither passes, and both are told
    // the same.
    async fn a_refusal_does_not_tell_which_token_is_right(backend: Backend) {
        let it = Gate::new(backend).await;
        for door in DOORS {
            it.server.execute("DELETE FROM throttle").await;
            let right = it.token_for(door).await;
            let wrong = "A".repeat(43);
            Gate::assert_wrong(door, it.knock(door, HERE, &wrong).await);
            set_counts(&it.server, 299).await;
            Gate::assert_wrong(door, it.knock(door, HERE, &wrong).await);
            let refused = [&right, &wrong].map(|token| it.knock(door, HERE, token));
            let [right_told, wrong_told] = refused;
            let right_told = assert_limited(right_told.await, "wrong-token-source");
            let wrong_told = assert_limited(wrong_told.await, "wrong-token-source");
            assert_eq!(told(&right_told), told(&wrong_told), "{door:?}");
            assert_eq!(counted(&it.server).await, 600, "{door:?}: a refusal is not counted");
            let untouched = "invitation_tokens WHERE state = 'pending'";
            assert_eq!(it.server.count(untouched).await, 1, "{door:?}");
            // Who comes from elsewhere is not hindered, nor who waits.
            if door == Door::Preview {
                end_windows(&it.server).await;
                it.knock(door, HERE, &right).await.unwrap();
            } else {
                it.knock(door, THERE, &right).await.unwrap();
            }
        }
    }

    // R-INV-7: a flood from everywhere hinders nobody who has a right token.
    async fn a_flood_of_wrong_tokens_hinders_no_right_one(backend: Backend) {
        let it = Gate::new(backend).await;
        for door in DOORS {
            it.server.execute("DELETE FROM throttle").await;
            let right = it.token_for(door).await;
            Gate::assert_wrong(door, it.knock(door, HERE, "nonsense").await);
            set_counts(&it.server, 10_000).await;
            assert_limited(it.knock(door, THERE, "nonsense").await, "wrong-token");
            it.knock(door, THERE, &right).await.unwrap();
        }
    }

    // IN-31, R-TEN-10: an hour's worth of one tenant; others and resends go on, and a try tells.
    async fn a_tenant_has_a_rate_of_invitations(backend: Backend) {
        let it = World::new(backend).await;
        let (id, _) = it.server.invite(&it.owner, BOB, Role::Member).await;
        set_counts(&it.server, 999).await;
        it.server.invite(&it.owner, "last@else.org", Role::Member).await;
        let request = mailed(CARL, Role::Member);
        let owner = it.server.try_invite(&it.owner, request.clone()).await;
        assert_limited(owner, "create-invitation");
        let operator = it.server.operator();
        let named = pb::CreateInvitationRequest { tenant_id: it.acme.clone(), ..request.clone() };
        let by_operator = it.server.try_invite(&operator, named).await;
        assert_limited(by_operator, "create-invitation");
        assert_eq!(it.server.count("invitation_tokens").await, 2);
        let elsewhere =
            pb::CreateInvitationRequest { tenant_id: it.globex.clone(), ..request.clone() };
        it.server.try_invite(&operator, elsewhere).await.unwrap();
        let tried = pb::CreateInvitationRequest { validate_only: true, ..request.clone() };
        let tried = it.server.try_invite(&it.owner, tried).await;
        assert_limited(tried, "create-invitation");
        it.server.age_invitations(61).await;
        it.server.resend_invitation(&it.owner, &id, pb::Delivery::Unspecified).await.unwrap();
        let shifted = it.server.shifted("expire_time", -3_600);
        it.server.execute(&format!("UPDATE throttle SET expire_time = {shifted}")).await;
        it.server.try_invite(&it.owner, request).await.unwrap();
    }

    // IN-31: revoking and inviting again does not fill somebody's mailbox.
    async fn a_mailbox_is_invited_ten_times_an_hour(backend: Backend) {
        let it = World::new(backend).await;
        let request = mailed(CARL, Role::Member);
        for tag in 0..10 {
            let tagged = mailed(&format!("carl+{tag}@else.org"), Role::Member);
            let request = if tag < 5 { request.clone() } else { tagged };
            let made = it.server.try_invite(&it.owner, request).await.unwrap();
            let id = made.invitation.unwrap().id;
            it.server.revoke_invitation(&it.owner, &id).await.unwrap();
        }
        for spelling in [CARL, "Carl@Else.org", "carl+more@else.org"] {
            let again = it.server.try_invite(&it.owner, mailed(spelling, Role::Member)).await;
            assert_limited(again, "create-invitation-mailbox");
        }
        assert_eq!(it.server.count("invitation_tokens").await, 10);
        it.server.invite(&it.owner, BOB, Role::Member).await;
        let tried = pb::CreateInvitationRequest { validate_only: true, ..mailed(DORA, Role::Member) };
        for _ in 0..12 {
            it.server.try_invite(&it.owner, tried.clone()).await.unwrap();
        }
        let elsewhere =
            pb::CreateInvitationRequest { tenant_id: it.globex.clone(), ..request.clone() };
        it.server.try_invite(&it.server.operator(), elsewhere).await.unwrap();
        let shifted = it.server.shifted("expire_time", -3_600);
        it.server.execute(&format!("UPDATE throttle SET expire_time = {shifted}")).await;
        it.server.try_invite(&it.owner, request).await.unwrap();
    }
}

async fn replica(of: &Server) -> Server {
    let (database, data_dir) = (of.database.clone(), tempfile::tempdir().unwrap());
    Server::start_on(Backend::Postgres, database, data_dir, trusting()).await
}

// R-INV-7, R-RL-1
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn replicas_count_wrong_tokens_together() {
    let it = Gate::new(Backend::Postgres).await;
    let right = it.token_for(Door::Preview).await;
    let (server, bob) = (replica(&it.server).await, it.bob.clone());
    let other = Gate { server, acme: it.acme.clone(), bob };
    let wrong = "A".repeat(43);
    Gate::assert_wrong(Door::Preview, it.knock(Door::Preview, HERE, &wrong).await);
    set_counts(&it.server, 298).await;
    for gate in [&other, &it] {
        Gate::assert_wrong(Door::Decline, gate.knock(Door::Decline, HERE, &wrong).await);
    }
    for gate in [&it, &other] {
        for token in [&wrong, &right] {
            let refused = gate.knock(Door::Preview, HERE, token).await;
            assert_limited(refused, "wrong-token-source");
        }
        gate.knock(Door::Preview, THERE, &right).await.unwrap();
    }
}

// IN-31, R-RL-1
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn replicas_count_invitations_together() {
    let it = World::new(Backend::Postgres).await;
    let other = replica(&it.server).await;
    it.server.invite(&it.owner, BOB, Role::Member).await;
    set_counts(&it.server, 998).await;
    for (number, server) in [&other, &it.server].into_iter().enumerate() {
        server.invite(&it.owner, &format!("c{number}@else.org"), Role::Member).await;
    }
    for server in [&it.server, &other] {
        let refused = server.try_invite(&it.owner, returned(CARL, Role::Member)).await;
        assert_limited(refused, "create-invitation");
    }
    assert_eq!(it.server.count("invitation_tokens").await, 3);
}
