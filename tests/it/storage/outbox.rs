//! Mail waits sealed in the database until a transport has taken it.

use crate::support::{
    Backend, Server,
    seed::{budget, system_scope},
    server::Options,
};
use reeve::{
    app::App,
    boot,
    mail::Transport,
    model::mail::Mail,
    ops::outbox::{deliver_next, queue},
};
use std::sync::Arc;

const ADDRESS: &str = "zoe-needle@acme.com";
const TOKEN: &str = "su_needle-in-the-haystack";

fn proof(to: &str) -> Mail {
    Mail::SignUpProof {
        to: to.to_owned(),
        tenant: "Acme".to_owned(),
        link: format!("http://localhost:3000/sign-up#token={TOKEN}"),
        expire_time: "2026-11-15T22:13:20Z".to_owned(),
    }
}

/// A database whose server has stopped, and an app on it that sends only when it is told to.
async fn stopped(backend: Backend, options: &Options) -> (Server, Arc<App>, Transport) {
    let mut server = Server::start(backend).await;
    server.stop().await.unwrap();
    let (app, config) = server.another_app(options).await;
    (server, app, boot::transport(&config).unwrap())
}

/// A relay that nobody runs.
fn closed_relay() -> Options {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    Options(vec![("REEVE_MAIL", format!("smtp://127.0.0.1:{port}"))])
}

async fn queue_one(app: &App, mail: &Mail) {
    let body = async |tx: &mut reeve::db::Tx| queue(tx, app, mail).await;
    app.db.write(system_scope(), &budget(), body).await.unwrap();
}

/// Whatever the database keeps of mail, as bytes.
async fn stored(server: &Server) -> Vec<u8> {
    if server.backend == Backend::Postgres {
        let sql = "SELECT encode(coalesce(sealed, ''), 'escape') || mail_outbox::text AS value \
                   FROM mail_outbox";
        return server.texts(sql).await.join("\n").into_bytes();
    }
    let mut bytes = Vec::new();
    for name in ["reeve.db", "reeve.db-wal"] {
        bytes.extend(std::fs::read(server.data_dir.path().join(name)).unwrap_or_default());
    }
    bytes
}

async fn assert_not_stored(server: &Server) {
    let bytes = stored(server).await;
    let holds = |text: &str| bytes.windows(text.len()).any(|part| part == text.as_bytes());
    assert!(holds("sign_up_proof"), "this is not where mail is stored");
    for secret in [ADDRESS, TOKEN, "needle"] {
        assert!(!holds(secret), "{secret} is readable");
    }
}

/// Delivers until nothing is due and says how many mails were taken up.
async fn deliver_due(app: &App, transport: &Transport) -> reeve::model::Result<usize> {
    let mut taken = 0;
    while deliver_next(app, transport).await? {
        taken += 1;
    }
    Ok(taken)
}

on_both! {
    async fn mail_is_sealed_and_forgotten_when_sent(backend: Backend) {
        let (server, app, transport) = stopped(backend, &Options::default()).await;
        queue_one(&app, &proof(ADDRESS)).await;
        let waiting = "state = 'pending' AND sealed IS NOT NULL AND attempts = 0";
        assert_eq!(server.count_where("mail_outbox", waiting).await, 1);
        assert_not_stored(&server).await;

        assert_eq!(deliver_due(&app, &transport).await.unwrap(), 1);
        let sent = "state = 'sent' AND sealed IS NULL AND attempts = 1 AND last_error IS NULL \
                    AND end_time IS NOT NULL";
        assert_eq!(server.count_where("mail_outbox", sent).await, 1);
        let mails = server.mails();
        assert!(mails.len() == 1 && mails[0].contains(ADDRESS) && mails[0].contains(TOKEN));
        assert_not_stored(&server).await;
        assert_eq!(deliver_due(&app, &transport).await.unwrap(), 0);
    }

    async fn a_failing_transport_puts_mail_off(backend: Backend) {
        let (server, app, transport) = stopped(backend, &closed_relay()).await;
        queue_one(&app, &proof(ADDRESS)).await;
        // 2 s after the first attempt, 4 s after the second.
        for (attempts, seconds) in [(1, 2), (2, 4), (3, 8)] {
            assert_eq!(deliver_due(&app, &transport).await.unwrap(), 1);
            let postponed = format!(
                "state = 'pending' AND sealed IS NOT NULL AND attempts = {attempts} \
                 AND last_error IS NOT NULL AND end_time IS NULL \
                 AND next_attempt_time <= {} AND {} > create_time",
                server.time_ahead(seconds),
                server.shifted("next_attempt_time", -seconds),
            );
            assert_eq!(server.count_where("mail_outbox", &postponed).await, 1, "attempt {attempts}");
            assert_not_stored(&server).await;
            let now = server.time_ahead(0);
            server.execute(&format!("UPDATE mail_outbox SET next_attempt_time = {now}")).await;
        }
        let later = server.time_ahead(60);
        server.execute(&format!("UPDATE mail_outbox SET next_attempt_time = {later}")).await;
        assert_eq!(deliver_due(&app, &transport).await.unwrap(), 0);
        assert_eq!(server.count_where("mail_outbox", "attempts = 3").await, 1);
    }

    async fn after_the_last_attempt_mail_is_given_up(backend: Backend) {
        let (server, app, transport) = stopped(backend, &closed_relay()).await;
        queue_one(&app, &proof(ADDRESS)).await;
        server.execute("UPDATE mail_outbox SET attempts = 10").await;
        assert_eq!(deliver_due(&app, &transport).await.unwrap(), 1);
        assert_eq!(server.count_where("mail_outbox", "state = 'pending' AND attempts = 11").await, 1);
        let now = server.time_ahead(0);
        server.execute(&format!("UPDATE mail_outbox SET next_attempt_time = {now}")).await;
        assert_eq!(deliver_due(&app, &transport).await.unwrap(), 1);
        let dead = "state = 'dead' AND sealed IS NULL AND attempts = 12 \
                    AND last_error IS NOT NULL AND end_time IS NOT NULL";
        assert_eq!(server.count_where("mail_outbox", dead).await, 1);
        assert_eq!(deliver_due(&app, &transport).await.unwrap(), 0);
        assert_not_stored(&server).await;
    }

    /// Mail sealed under a key that the ring has lost is given up at once, with its reason.
    async fn mail_that_does_not_open_is_given_up(backend: Backend) {
        let (server, app, transport) = stopped(backend, &Options::default()).await;
        queue_one(&app, &proof(ADDRESS)).await;
        queue_one(&app, &proof("ann@acme.com")).await;
        let first = "(SELECT id FROM mail_outbox ORDER BY id LIMIT 1)";
        server.execute(&format!("UPDATE mail_outbox SET kid = 'lost' WHERE id = {first}")).await;
        assert_eq!(deliver_due(&app, &transport).await.unwrap(), 2);
        let dead = "state = 'dead' AND last_error LIKE '%keyring%' AND attempts = 1";
        assert_eq!(server.count_where("mail_outbox", dead).await, 1);
        assert_eq!(server.count_where("mail_outbox", "state = 'sent'").await, 1);
        assert_eq!(server.mails().len(), 1);
    }

    /// A worker that died holds its mail only until the lease ends.
    async fn a_lease_that_ended_is_taken_over(backend: Backend) {
        let (server, app, transport) = stopped(backend, &Options::default()).await;
        queue_one(&app, &proof(ADDRESS)).await;
        let leased = server.time_ahead(120);
        let claim = format!("UPDATE mail_outbox SET attempts = 1, next_attempt_time = {leased}");
        server.execute(&claim).await;
        assert_eq!(deliver_due(&app, &transport).await.unwrap(), 0);
        let back = server.shifted("next_attempt_time", -121);
        server.execute(&format!("UPDATE mail_outbox SET next_attempt_time = {back}")).await;
        assert_eq!(deliver_due(&app, &transport).await.unwrap(), 1);
        assert_eq!(server.count_where("mail_outbox", "state = 'sent' AND attempts = 2").await, 1);
    }

    async fn workers_side_by_side_send_each_mail_once(backend: Backend) {
        let (server, app, _) = stopped(backend, &Options::default()).await;
        for number in 0..20 {
            queue_one(&app, &proof(&format!("user{number}@acme.com"))).await;
        }
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..4 {
            let (app, config) = server.another_app(&Options::default()).await;
            let transport = boot::transport(&config).unwrap();
            tasks.spawn(async move { deliver_due(&app, &transport).await.unwrap() });
        }
        assert_eq!(tasks.join_all().await.iter().sum::<usize>(), 20);
        assert_eq!(server.count_where("mail_outbox", "state = 'sent' AND attempts = 1").await, 20);
        let mails = server.mails();
        assert_eq!(mails.len(), 20);
        for number in 0..20 {
            let to = format!("user{number}@acme.com");
            assert_eq!(mails.iter().filter(|text| text.contains(&to)).count(), 1, "{to}");
        }
    }
}
