//! `ListTenants`, and with it the pages that every list has.

use crate::support::{Backend, Server, assert_refused, server::Metadata, violated_fields};
use reeve::pb::{common::v1::Role, tenant::v1 as pb};
use std::time::Duration;
use tonic::{Code, Status};

async fn page(
    server: &Server,
    metadata: Metadata,
    page_size: i32,
    token: &str,
) -> Result<(Vec<String>, String), Status> {
    let request = pb::ListTenantsRequest { page_size, page_token: token.to_owned() };
    let answer = server.tenant_as(metadata).list_tenants(request).await?.into_inner();
    let ids = answer.tenants.into_iter().map(|tenant| tenant.id).collect();
    Ok((ids, answer.next_page_token))
}

/// Three tenants, in the order of their making.
async fn three(server: &Server) -> Vec<String> {
    let mut ids = Vec::new();
    for slug in ["one", "two", "three"] {
        ids.push(server.create_tenant(slug, &[&format!("{slug}.com")]).await);
    }
    ids
}

on_both! {
    // R-TEN-9: every row once, in the order of making, on pages of any size.
    async fn pages_hold_every_tenant_once(backend: Backend) {
        let server = Server::start(backend).await;
        let ids = three(&server).await;
        let operator = || server.operator();
        for size in [0, 3, 4, 1_000, 5_000, i32::MAX] {
            let all = page(&server, operator(), size, "").await.unwrap();
            assert_eq!(all, (ids.clone(), String::new()), "{size}");
        }
        let (mut token, mut found) = (String::new(), Vec::new());
        for at in 0..3 {
            let (ids, next) = page(&server, operator(), 1, &token).await.unwrap();
            assert_eq!((ids.len(), next.is_empty()), (1, at == 2));
            found.extend(ids);
            token = next;
        }
        assert_eq!(found, ids);
        let (first, token) = page(&server, operator(), 2, "").await.unwrap();
        // What is made meanwhile comes at the end.
        let late = server.create_tenant("late", &[]).await;
        let (rest, end) = page(&server, operator(), 5_000, &token).await.unwrap();
        assert_eq!((first.as_slice(), rest), (&ids[..2], vec![ids[2].clone(), late]));
        assert_eq!(end, "");
        for size in [-1, i32::MIN] {
            let refused = page(&server, operator(), size, "").await;
            let status = assert_refused(refused, Code::InvalidArgument, "FIELD_INVALID");
            assert_eq!(violated_fields(&status), ["page_size"]);
        }
    }

    // R-TEN-9: 1000 at most, 50 unless asked otherwise.
    async fn page_sizes_are_capped(backend: Backend) {
        let server = Server::start(backend).await;
        let template = server.create_tenant("template", &[]).await;
        server.execute(&many_tenants(backend, &server.literal(&template))).await;
        for (size, expected) in [(0, 50), (50, 50), (51, 51), (1_000, 1_000), (5_000, 1_000)] {
            let (found, next) = page(&server, server.operator(), size, "").await.unwrap();
            assert_eq!((found.len(), next.is_empty()), (expected, false), "{size}");
        }
    }

    // R-TEN-9: a page token is of its own list, unaltered, and a day old at most.
    async fn altered_and_foreign_tokens_are_refused(backend: Backend) {
        let server = Server::start(backend).await;
        let ids = three(&server).await;
        let operator = || server.operator();
        let token = page(&server, operator(), 1, "").await.unwrap().1;
        let mut altered: Vec<String> = (0..token.len())
            .step_by(7)
            .map(|at| {
                let other = if &token[at..=at] == "A" { "B" } else { "A" };
                format!("{}{other}{}", &token[..at], &token[at + 1..])
            })
            .collect();
        altered.extend([
            "x".to_owned(),
            ".".to_owned(),
            "\0".to_owned(),
            " ".to_owned(),
            ids[0].clone(),
            format!("{token}="),
            format!("{token}A"),
            token[..token.len() - 2].to_owned(),
            "A".repeat(60_000),
        ]);
        // Of another RPC of the same caller.
        server.add_domain(&ids[0], "second.net", false).await;
        let request = pb::ListDomainsRequest {
            tenant_id: ids[0].clone(),
            page_size: 1,
            ..Default::default()
        };
        let domains = server.tenant_as(operator()).list_domains(request).await.unwrap();
        altered.push(domains.into_inner().next_page_token);
        for text in altered {
            assert!(!text.is_empty());
            let refused = page(&server, operator(), 1, &text).await;
            assert_refused(refused, Code::InvalidArgument, "PAGE_TOKEN_INVALID");
        }
        // Of another caller's list.
        let user = server.sign_up_as("ann@one.com", Role::Owner).await;
        let refused = page(&server, Metadata::bearer(&user.access_token), 1, &token).await;
        assert_refused(refused, Code::InvalidArgument, "PAGE_TOKEN_INVALID");

        page(&server, operator(), 1, &token).await.unwrap();
        server.clock.advance(Duration::from_secs(24 * 3_600 + 1));
        let expired = page(&server, operator(), 1, &token).await;
        assert_refused(expired, Code::InvalidArgument, "PAGE_TOKEN_INVALID");
    }

    // TI-06, R-TEN-1: a person sees their own tenant alone, whatever their role.
    async fn a_person_lists_their_own_tenant(backend: Backend) {
        let server = Server::start(backend).await;
        let ids = three(&server).await;
        let mut session = server.sign_up("ann@two.com").await;
        let user = session.user.clone().unwrap().id;
        server.set_role(&user, &ids[2], Role::Owner).await;
        for role in [Role::Member, Role::Admin, Role::Owner] {
            session = server.with_role(&session, role).await;
            let token = Metadata::bearer(&session.access_token);
            let listed = page(&server, token, 0, "").await.unwrap();
            assert_eq!(listed, (vec![ids[1].clone()], String::new()));
        }
    }
}

/// 1001 tenants more, like the template.
fn many_tenants(backend: Backend, template: &str) -> String {
    let columns = "display_name, state, enrollment, default_role, create_time, update_time";
    let (id, numbers) = match backend {
        Backend::Postgres => ("gen_random_uuid()", "SELECT generate_series(1, 1001) AS n"),
        Backend::Sqlite => (
            "randomblob(16)",
            "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 1001) \
             SELECT n FROM r",
        ),
    };
    format!(
        "INSERT INTO tenants (id, slug, {columns}) SELECT {id}, 't' || n, {columns} \
         FROM tenants, ({numbers}) AS numbers WHERE tenants.id = {template}"
    )
}
