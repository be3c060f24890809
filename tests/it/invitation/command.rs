//! `reeve invite create`.

use super::{BOB, World};
use crate::support::Backend;

on_both! {
    async fn operators_invite_by_command(backend: Backend) {
        let it = World::new(backend).await;
        let invite = async |args: &[&str]| it.server.cli(&[&["invite", "create"], args].concat()).await;
        let made = invite(&["carl@else.org", "--tenant", "acme"]).await;
        assert_eq!(made.code, 0, "{made:?}");
        assert!(made.stdout.contains("carl@else.org is invited as member"), "{made:?}");
        let mail = it.server.mail_to("carl@else.org", "token=").await;
        assert!(mail.contains("You are invited to acme"), "{mail}");

        let args = [BOB, "--tenant", "acme", "--role", "owner", "--delivery", "return_token"];
        let made = invite(&[&args[..], &["--expires", "1h", "--json"]].concat()).await;
        assert_eq!(made.code, 0, "{made:?}");
        let shown = made.json();
        let token = shown["token"].as_str().unwrap();
        assert_eq!((shown["role"].as_str(), shown["email"].as_str()), (Some("owner"), Some(BOB)));
        let link = format!("http://localhost:3000/signup#token={token}&email=bob%40globex.com");
        assert_eq!(shown["invite_url"], link.as_str());
        it.server.accept_by_token(&it.bob, token).await.unwrap();
        assert_eq!(it.role_of_bob().await.as_deref(), Some("owner"));

        let plain = invite(&["dan@else.org", "--tenant", "acme", "--delivery", "return_token"]).await;
        assert_eq!(plain.stdout.trim().split('#').next(), Some("http://localhost:3000/signup"));
        for (args, code, told) in [
            (&["carl@else.org", "--tenant", "acme"][..], 1, "INVITATION_EXISTS"),
            (&[BOB, "--tenant", "acme"], 1, "ALREADY_MEMBER"),
            (&["e@else.org", "--tenant", "nobody"], 1, "NOT_FOUND"),
            (&["e@else.org", "--tenant", "acme", "--expires", "31d"], 1, "FIELD_INVALID"),
            (&["e@else", "--tenant", "acme"], 2, "EMAIL"),
            (&["e@else.org"], 2, "--tenant"),
        ] {
            let refused = invite(args).await;
            assert_eq!(refused.code, code, "{refused:?}");
            assert!(refused.stderr.contains(told), "{told}: {refused:?}");
        }
    }
}
