//! The list of what is out of step, page by page.

use super::{pb, seeded};
use crate::support::{Backend, Server, assert_refused, violated_fields};
use std::collections::BTreeSet;
use tonic::Code;

async fn page(server: &Server, size: i32, token: &str) -> pb::ListDriftResponse {
    let request = pb::ListDriftRequest { page_size: size, page_token: token.to_owned() };
    server.sync_as(server.operator()).list_drift(request).await.unwrap().into_inner()
}

on_both! {
    async fn pages_hold_everything_once(backend: Backend) {
        let server = Server::start(backend).await;
        let (tenant, users) = seeded(&server, 6).await;
        assert!(page(&server, 10, "").await.drifts.is_empty());

        server.drop_fences().await;
        server.delete_profiles(&users[..3]).await;
        if backend == Backend::Postgres {
            let drop = "ALTER TABLE user_profiles DROP CONSTRAINT user_profiles_user_id_fkey";
            server.execute(drop).await;
        }
        let gone = [server.literal(&users[3]), server.literal(&users[4])].join(", ");
        let delete = format!("DELETE FROM users WHERE id IN ({gone})");
        server.execute(&server.unfenced(&delete)).await;

        let all = page(&server, 0, "").await;
        assert_eq!((all.drifts.len(), all.next_page_token.as_str()), (5, ""));
        for size in [1, 2, 3, 4, 5] {
            let (mut token, mut drifts) = (String::new(), Vec::new());
            loop {
                let answer = page(&server, size, &token).await;
                assert!(answer.drifts.len() <= usize::try_from(size).unwrap());
                drifts.extend(answer.drifts);
                token = answer.next_page_token;
                if token.is_empty() {
                    break;
                }
            }
            assert_eq!(drifts, all.drifts, "pages of {size}");
        }

        let of_kind = |kind: pb::DriftKind| -> BTreeSet<&str> {
            let found = all.drifts.iter().filter(|drift| drift.kind() == kind);
            found.map(|drift| drift.user_id.as_str()).collect()
        };
        let ids = |range: std::ops::Range<usize>| -> BTreeSet<&str> {
            users[range].iter().map(String::as_str).collect()
        };
        assert_eq!(of_kind(pb::DriftKind::UserWithoutProfile), ids(0..3));
        assert_eq!(of_kind(pb::DriftKind::ProfileWithoutUser), ids(3..5));
        assert!(all.drifts.iter().all(|drift| drift.tenant_id == tenant));
        assert!(all.drifts.iter().all(|drift| !drift.explanation.is_empty()));
    }

    async fn foreign_page_tokens_are_refused(backend: Backend) {
        let server = Server::start(backend).await;
        let request =
            pb::ListDriftRequest { page_size: 1, page_token: "AAAA".to_owned() };
        let answer = server.sync_as(server.operator()).list_drift(request).await;
        let status = assert_refused(answer, Code::InvalidArgument, "PAGE_TOKEN_INVALID");
        assert_eq!(violated_fields(&status), ["page_token"]);
        let request = pb::ListDriftRequest { page_size: -1, page_token: String::new() };
        let answer = server.sync_as(server.operator()).list_drift(request).await;
        assert_refused(answer, Code::InvalidArgument, "FIELD_INVALID");
    }
}
