//! `ListUsers`: filters, pages, and what each role sees.

use crate::support::{Backend, Server, assert_refused, ghost, server::Metadata, violated_fields};
use reeve::pb::{
    common::v1::{Profile, ProfileState, Role},
    tenant::v1::{ListUsersRequest, ListUsersResponse},
};
use tonic::{Code, Status};

async fn list(
    server: &Server,
    metadata: Metadata,
    request: ListUsersRequest,
) -> Result<ListUsersResponse, Status> {
    Ok(server.tenant_as(metadata).list_users(request).await?.into_inner())
}

fn prefixed(tenant: &str, prefix: &str) -> ListUsersRequest {
    ListUsersRequest {
        tenant_id: tenant.to_owned(),
        email_prefix: prefix.to_owned(),
        ..Default::default()
    }
}

fn emails(profiles: &[Profile]) -> Vec<&str> {
    profiles.iter().map(|profile| profile.email.as_str()).collect()
}

/// A user written by another program, whose profile the trigger makes.
async fn insert(server: &Server, tenant: &str, email: &str) {
    let (id, tenant) = (server.literal(&ghost()), server.literal(tenant));
    let key = email.to_ascii_lowercase();
    server
        .execute(&format!(
            "INSERT INTO users (id, email, email_key, tenant_id) \
             VALUES ({id}, '{email}', '{key}', {tenant})"
        ))
        .await;
}

on_both! {
    // R-TEN-9, TI-18, G-29: a prefix is text, in whichever case, and no pattern.
    async fn a_prefix_is_taken_literally(backend: Backend) {
        let server = Server::start(backend).await;
        let acme = server.create_tenant("acme", &["acme.com"]).await;
        for email in ["a%b@acme.com", "a_b@acme.com", "a\\b@acme.com", "axb@acme.com", "B@acme.com"] {
            insert(&server, &acme, email).await;
        }
        for (prefix, expected) in [
            ("a%", vec!["a%b@acme.com"]),
            ("a_", vec!["a_b@acme.com"]),
            ("a\\", vec!["a\\b@acme.com"]),
            ("A_B@", vec!["a_b@acme.com"]),
            ("b@", vec!["B@acme.com"]),
            ("%", vec![]),
            ("_", vec![]),
            ("\\", vec![]),
            ("\\%", vec![]),
            ("'", vec![]),
            ("xb", vec![]),
            ("\u{212a}", vec![]),
        ] {
            let found = list(&server, server.operator(), prefixed(&acme, prefix)).await.unwrap();
            assert_eq!(emails(&found.profiles), expected, "{prefix}");
        }
        let all = list(&server, server.operator(), prefixed(&acme, "")).await.unwrap();
        assert_eq!(all.profiles.len(), 5);
    }

    // R-TEN-9: what begins no address finds none, or is refused; it never breaks the query.
    async fn an_impossible_prefix_is_the_callers_fault(backend: Backend) {
        let server = Server::start(backend).await;
        let acme = server.create_tenant("acme", &["acme.com"]).await;
        server.sign_up("ann@acme.com").await;
        for prefix in ["\0", "ann\0", &"a".repeat(255), &"%".repeat(60_000)] {
            let refused = list(&server, server.operator(), prefixed(&acme, prefix)).await;
            let status = assert_refused(refused, Code::InvalidArgument, "FIELD_INVALID");
            assert_eq!(violated_fields(&status), ["email_prefix"]);
        }
    }

    async fn filters_are_joined(backend: Backend) {
        let server = Server::start(backend).await;
        let acme = server.create_tenant("acme", &["acme.com"]).await;
        for email in ["ann@acme.com", "amy@acme.com", "bob@acme.com"] {
            server.sign_up(email).await;
        }
        server.sign_up_as("adm@acme.com", Role::Admin).await;
        server
            .execute(
                "UPDATE user_profiles SET state = 'suspended' WHERE user_id IN \
                 (SELECT id FROM users WHERE email_key = 'amy@acme.com')",
            )
            .await;
        let suspended = ProfileState::Suspended.into();
        for (role, state, prefix, expected) in [
            (Role::Unspecified, 0, "", 4),
            (Role::Member, 0, "", 3),
            (Role::Admin, 0, "", 1),
            (Role::Owner, 0, "", 0),
            (Role::Unspecified, suspended, "", 1),
            (Role::Member, ProfileState::Active.into(), "a", 1),
            (Role::Admin, suspended, "a", 0),
            (Role::Unspecified, 0, "a", 3),
        ] {
            let request = ListUsersRequest { role: role.into(), state, ..prefixed(&acme, prefix) };
            let found = list(&server, server.operator(), request).await.unwrap();
            assert_eq!(found.profiles.len(), expected, "{role:?} {state} {prefix}");
        }
        for (field, role, state) in [("role", 99, 0), ("role", -1, 0), ("state", 0, 99)] {
            let request = ListUsersRequest { role, state, ..prefixed(&acme, "") };
            let refused = list(&server, server.operator(), request).await;
            let status = assert_refused(refused, Code::InvalidArgument, "FIELD_INVALID");
            assert_eq!(violated_fields(&status), [field]);
        }
    }

    // R-TEN-9, TI-19: a page token is of its tenant and its filter.
    async fn a_token_is_bound_to_tenant_and_filter(backend: Backend) {
        let server = Server::start(backend).await;
        let acme = server.create_tenant("acme", &["acme.com"]).await;
        let other = server.create_tenant("other", &["other.com"]).await;
        for email in ["ann@acme.com", "amy@acme.com", "cyd@other.com", "cat@other.com"] {
            server.sign_up(email).await;
        }
        let first = ListUsersRequest { page_size: 1, ..prefixed(&acme, "a") };
        let page = list(&server, server.operator(), first.clone()).await.unwrap();
        let page_token = page.next_page_token;
        assert_eq!(emails(&page.profiles), ["ann@acme.com"]);
        let next = ListUsersRequest { page_token, ..first };
        for wrong in [
            ListUsersRequest { tenant_id: other, ..next.clone() },
            ListUsersRequest { email_prefix: String::new(), ..next.clone() },
            ListUsersRequest { email_prefix: "am".to_owned(), ..next.clone() },
            ListUsersRequest { role: Role::Member.into(), ..next.clone() },
            ListUsersRequest { state: ProfileState::Active.into(), ..next.clone() },
        ] {
            let refused = list(&server, server.operator(), wrong).await;
            assert_refused(refused, Code::InvalidArgument, "PAGE_TOKEN_INVALID");
        }
        let page = list(&server, server.operator(), next.clone()).await.unwrap();
        assert_eq!((emails(&page.profiles), &*page.next_page_token), (vec!["amy@acme.com"], ""));
        let negative = ListUsersRequest { page_size: -1, ..next };
        let refused = list(&server, server.operator(), negative).await;
        assert_refused(refused, Code::InvalidArgument, "FIELD_INVALID");
    }

    // TI-06: only the caller's tenant, where two tenants' users lie between each other.
    async fn only_the_own_tenant_is_listed(backend: Backend) {
        let server = Server::start(backend).await;
        let acme = server.create_tenant("acme", &["acme.com"]).await;
        let other = server.create_tenant("other", &["other.com"]).await;
        let admin = server.sign_up_as("adm@acme.com", Role::Admin).await;
        for number in 0..40 {
            insert(&server, &acme, &format!("u{number}@acme.com")).await;
            insert(&server, &other, &format!("u{number}@other.com")).await;
        }
        let token = Metadata::bearer(&admin.access_token);
        let (mut seen, mut page_token) = (Vec::new(), String::new());
        loop {
            let request = ListUsersRequest { page_size: 7, page_token, ..Default::default() };
            let page = list(&server, token.clone(), request).await.unwrap();
            seen.extend(page.profiles);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        assert_eq!(seen.len(), 41);
        assert!(seen.iter().all(|profile| profile.tenant_id == acme));
        assert!(seen.is_sorted_by(|one, two| one.user_id < two.user_id));
        let foreign = list(&server, token, prefixed(&other, "")).await;
        assert_refused(foreign, Code::PermissionDenied, "TENANT_MISMATCH");
        let missing = list(&server, server.operator(), prefixed("", "")).await;
        assert_refused(missing, Code::InvalidArgument, "TENANT_REQUIRED");
        let ghost = list(&server, server.operator(), prefixed(&ghost(), "")).await;
        assert_refused(ghost, Code::NotFound, "NOT_FOUND");
    }

    // A member sees names and roles, and cannot find out more by filtering.
    async fn members_see_names_and_roles(backend: Backend) {
        let server = Server::start(backend).await;
        let acme = server.create_tenant("acme", &["acme.com"]).await;
        let bob = server.sign_up_as("bob@acme.com", Role::Admin).await.user.unwrap().id;
        let ann = server.sign_up("ann@acme.com").await;
        let token = Metadata::bearer(&ann.access_token);
        let own = ann.profile.unwrap();
        let all = list(&server, token.clone(), ListUsersRequest::default()).await.unwrap();
        let redacted = Profile {
            user_id: bob,
            tenant_id: acme,
            display_name: "Test Person".to_owned(),
            role: Role::Admin.into(),
            ..Default::default()
        };
        assert_eq!(all.profiles, [redacted, own]);
        let by_role = ListUsersRequest { role: Role::Admin.into(), ..Default::default() };
        assert_eq!(list(&server, token.clone(), by_role).await.unwrap().profiles.len(), 1);
        let by_state =
            ListUsersRequest { state: ProfileState::Active.into(), ..Default::default() };
        for request in [prefixed("", "b"), by_state] {
            let denied = list(&server, token.clone(), request).await;
            assert_refused(denied, Code::PermissionDenied, "PERMISSION_DENIED");
        }
    }
}
