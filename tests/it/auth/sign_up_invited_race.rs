//! Sign-ups by invitation that overlap, with each other and with what ends the invitation.

use super::sign_up_race::{call, tally};
use crate::support::{
    Backend, Server, assert_refused,
    race::{lock_row, race, race_while},
    seed::member,
    server::PASSWORD,
};
use reeve::{
    model::{invitation::Delivery, role::Role},
    pb::{common::v1::Role as Named, tenant::v1::CreateTenantRequest},
};
use tonic::Code;

const CALLS: usize = 8;
const ROUNDS: usize = 25;
const SEATS: u32 = 3;
const BOB: &str = "bob@else.org";

/// What is left of the invitations and accounts when one of Bob's sign-ups went through.
async fn one_came_in(server: &Server) {
    for from in [
        "users",
        "user_profiles",
        "sessions",
        "events WHERE kind = 'user.created'",
        "events WHERE kind = 'invitation.accepted'",
        "invitation_tokens WHERE state = 'accepted'",
    ] {
        assert_eq!(server.count(from).await, 1, "{from}");
    }
    assert_eq!(server.count("pending_sign_ups").await, 0);
}

on_both! {
    // IN-19, R-INV-8, R-TEN-10: never above the limit.
    async fn invitations_hold_the_seat_limit(backend: Backend) {
        let server = Server::start(backend).await;
        for round in 0..ROUNDS {
            let request = CreateTenantRequest {
                slug: format!("acme-{round}"),
                seat_limit: Some(SEATS),
                ..Default::default()
            };
            let made = server.tenant_as(server.operator()).create_tenant(request).await.unwrap();
            let tenant = made.into_inner().tenant.unwrap().id;
            let mut calls = Vec::new();
            for number in 0..CALLS {
                let email = format!("u{number}@r{round}.org");
                let token = server.mailed_invitation(&tenant, &email).await;
                calls.push(call(&server, token, email));
            }
            let answers = race(&server, &lock_row(&server, "tenants", &tenant), calls).await;
            let seats = usize::try_from(SEATS).unwrap();
            let expected =
                [("OK".to_owned(), seats), ("SEAT_LIMIT_REACHED".to_owned(), CALLS - seats)];
            assert_eq!(tally(&answers), expected.into(), "round {round}");
            let id = server.literal(&tenant);
            for from in ["user_profiles WHERE", "invitation_tokens WHERE state = 'accepted' AND"] {
                let from = format!("{from} tenant_id = {id}");
                assert_eq!(server.count(&from).await, i64::from(SEATS), "{from}");
            }
        }
        let (users, rounds) = (server.count("users").await, i64::try_from(ROUNDS).unwrap());
        assert_eq!(users, i64::from(SEATS) * rounds);
    }

    // IN-08, G-04, G-62, R-INV-3: one token, one account.
    async fn one_mailed_token_makes_one_account(backend: Backend) {
        let server = Server::start(backend).await;
        let acme = server.create_tenant("acme", &[]).await;
        let token = server.mailed_invitation(&acme, BOB).await;
        let calls = (0..16).map(|_| call(&server, token.clone(), BOB.to_owned())).collect();
        let answers = race(&server, &lock_row(&server, "tenants", &acme), calls).await;
        let expected = [("INVITATION_ACCEPTED".to_owned(), 15), ("OK".to_owned(), 1)];
        assert_eq!(tally(&answers), expected.into());
        one_came_in(&server).await;
    }

    // The same by the two tokens that one invitation can have.
    async fn both_tokens_of_an_invitation_make_one_account(backend: Backend) {
        let server = Server::start(backend).await;
        let acme = server.create_tenant("acme", &[]).await;
        let mailed = server.mailed_invitation(&acme, BOB).await;
        server.try_start_invited(BOB, &mailed).await.unwrap();
        let proof = server.mailed_token(BOB).await;
        let tokens = [&mailed, &proof].repeat(CALLS / 2);
        let calls = tokens.into_iter().map(|it| call(&server, it.clone(), BOB.to_owned()));
        let lock = lock_row(&server, "tenants", &acme);
        let tally = tally(&race(&server, &lock, calls.collect()).await);
        assert_eq!(tally["OK"], 1);
        // A proof that was looked at after the first commit is a spent one.
        let refused = ["INVITATION_ACCEPTED", "MAILBOX_PROOF_INVALID"];
        let refused = refused.iter().filter_map(|reason| tally.get(*reason)).sum::<usize>();
        assert_eq!(refused, CALLS - 1, "{tally:?}");
        one_came_in(&server).await;
    }

    // Two tenants invite one address at once: no tenant's lock orders the two.
    async fn one_address_makes_one_account(backend: Backend) {
        let server = Server::start(backend).await;
        let mut calls = Vec::new();
        for slug in ["one", "two", "three", "four"] {
            let tenant = server.create_tenant(slug, &[]).await;
            let token = server.mailed_invitation(&tenant, BOB).await;
            calls.push(call(&server, token, BOB.to_owned()));
        }
        let head = "SELECT 1 FROM event_head FOR UPDATE";
        let answers = race(&server, head, calls).await;
        let expected = [("ACCOUNT_EXISTS".to_owned(), 3), ("OK".to_owned(), 1)];
        assert_eq!(tally(&answers), expected.into());
        one_came_in(&server).await;
        assert_eq!(server.count("invitation_tokens WHERE state = 'pending'").await, 3);
    }

    // R-INV-3, R-INV-6, IN-15, IN-16: what ends an invitation while sign-ups by it are under way
    // ends these too: all of it is looked at again under the tenant's lock.
    async fn what_ends_an_invitation_meanwhile_counts(backend: Backend) {
        let server = Server::start(backend).await;
        let acme = server.create_tenant("acme", &["acme.com"]).await;
        let admin = server.sign_up_as("adm@acme.com", Named::Admin).await.user.unwrap();
        let by_admin = member(&admin.id);
        let lock = lock_row(&server, "tenants", &acme);
        let id = server.literal(&admin.id);
        let set_role = |role: &str| {
            format!("UPDATE user_profiles SET role = '{role}' WHERE user_id = {id}")
        };
        let tenant = |change: &str| format!("UPDATE tenants SET {change}");
        // As a replaced token leaves the row.
        let resent = "UPDATE invitation_tokens SET resend_count = resend_count + 1";
        let cases = [
            (server.invitations_into("revoked"), "INVITATION_REVOKED", server.invitations_into("pending")),
            (set_role("member"), "INVITATION_VOID", set_role("admin")),
            (tenant("state = 'suspended'"), "TENANT_INACTIVE", tenant("state = 'active'")),
            (tenant("enrollment = 'closed'"), "ENROLLMENT_CLOSED", tenant("enrollment = 'domain'")),
            (tenant("seat_limit = 1"), "SEAT_LIMIT_REACHED", tenant("seat_limit = NULL")),
        ];
        let seed = server.seed_invitation(&acme, BOB, Delivery::Outbox, Role::Member, by_admin);
        let (_, token) = seed.await;
        for (meanwhile, reason, back) in &cases {
            let calls = (0..2).map(|_| call(&server, token.clone(), BOB.to_owned())).collect();
            let answers = race_while(&server, &lock, meanwhile, calls).await;
            assert_eq!(tally(&answers), [((*reason).to_owned(), 2)].into());
            server.execute(back).await;
        }
        assert_eq!(server.count("users").await, 1);
        server.try_start_invited(BOB, &token).await.unwrap();
        let proof = server.mailed_token(BOB).await;
        if backend == Backend::Postgres {
            // On SQLite the call may look at the row after the change, which has the same token.
            let calls = vec![call(&server, token.clone(), BOB.to_owned())];
            let answers = race_while(&server, &lock, resent, calls).await;
            assert_eq!(tally(&answers), [("MAILBOX_PROOF_INVALID".to_owned(), 1)].into());
        }
        let answers = race_while(&server, &lock, resent, vec![call(&server, proof, BOB.to_owned())]).await;
        assert_eq!(tally(&answers), [("OK".to_owned(), 1)].into());
    }

    // The removal of a member while a sign-up by domain is under way.
    async fn a_removal_meanwhile_counts(backend: Backend) {
        let server = Server::start(backend).await;
        let acme = server.create_tenant("acme", &["acme.com"]).await;
        let proof = server.start_sign_up("ann@acme.com").await;
        let (id, now) = (server.literal(&acme), server.time_ahead(0));
        let removal = format!(
            "INSERT INTO departures (tenant_id, email_key, create_time) \
             VALUES ({id}, 'ann@acme.com', {now})"
        );
        let calls = vec![call(&server, proof.clone(), "ann@acme.com".to_owned())];
        let lock = lock_row(&server, "tenants", &acme);
        let answers = race_while(&server, &lock, &removal, calls).await;
        assert_eq!(tally(&answers), [("TENANT_UNRESOLVED".to_owned(), 1)].into());
        let again = server.try_sign_up(&proof, "ann@acme.com", PASSWORD).await;
        assert_refused(again, Code::FailedPrecondition, "TENANT_UNRESOLVED");
    }
}
