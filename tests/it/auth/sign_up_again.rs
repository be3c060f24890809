//! Whoever was deleted and signs up again is somebody new.

use crate::support::{
    Backend, Server, assert_refused, claims, ghost,
    invite::{of, user_id},
    seen,
    server::PASSWORD,
};
use reeve::pb::{
    common::v1::Role,
    tenant::v1::{GetUserRequest, ListUsersRequest},
};
use tonic::Code;

const ANN: &str = "ann@acme.com";
const OTHER_PASSWORD: &str = "seven slow barges turn";

on_both! {
    // G-35, R-SYN-6: nothing of the old account leads to the new one, nor the other way round.
    async fn the_new_account_shares_nothing_with_the_old_one(backend: Backend) {
        let server = Server::start(backend).await;
        server.create_tenant("acme", &["acme.com"]).await;
        let other = server.create_tenant("other", &[]).await;
        let owner = server.sign_up_as("adm@acme.com", Role::Owner).await;
        let before = server.sign_up(ANN).await;
        server.remove_user(&of(&owner), user_id(&before), "").await.unwrap();

        let token = server.mailed_invitation(&other, ANN).await;
        let after = server.try_sign_up(&token, ANN, OTHER_PASSWORD).await.unwrap();
        assert_ne!(user_id(&after), user_id(&before));
        assert_eq!(claims(&after.access_token)["tenant_id"], other.as_str());
        let me = server.who_am_i(&after.access_token).await.unwrap();
        assert_eq!(me.memberships.len(), 1);

        // The tenant of before sees neither of the two.
        let mut acme = server.tenant_as(of(&owner));
        let mut answers = Vec::new();
        for id in [&ghost(), user_id(&before), user_id(&after)] {
            let request = GetUserRequest { user_id: id.to_owned(), ..Default::default() };
            let hidden = acme.get_user(request).await;
            answers.push(seen(&assert_refused(hidden, Code::NotFound, "NOT_FOUND")));
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]));
        let people = acme.list_users(ListUsersRequest::default()).await.unwrap().into_inner();
        let people: Vec<_> = people.profiles.iter().map(|it| it.email.as_str()).collect();
        assert_eq!(people, ["adm@acme.com"]);

        // What the old account could show opens nothing of the new one.
        let old = server.who_am_i(&before.access_token).await;
        assert_refused(old, Code::Unauthenticated, "SESSION_ENDED");
        let old = server.refresh(&before.refresh_token).await;
        assert_refused(old, Code::Unauthenticated, "REFRESH_TOKEN_INVALID");
        let old = server.sign_in(ANN, PASSWORD).await;
        assert_refused(old, Code::Unauthenticated, "SIGN_IN_FAILED");
        server.sign_in(ANN, OTHER_PASSWORD).await.unwrap();
    }
}
