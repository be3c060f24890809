use crate::mail::{
    MailSpec, SendError, Transport,
    tests::{NOW, id, proof},
};
use std::path::Path;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

/// Answers one client by the book, but `RCPT` with `rcpt`; collects the mail as it came.
async fn serve(stream: TcpStream, ehlo: &str, rcpt: &str, mail: &mut String) {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 relay ready\r\n").await.unwrap();
    let mut line = String::new();
    while stream.read_line(&mut line).await.unwrap_or(0) > 0 {
        let verb = line.split_whitespace().next().unwrap_or_default();
        let answer = match verb {
            "EHLO" => ehlo,
            "AUTH" => "535 5.7.8 no such user s3cret",
            "RCPT" => rcpt,
            "DATA" => "354 go on",
            "QUIT" => "221 bye",
            _ => "250 fine",
        };
        stream.write_all(format!("{answer}\r\n").as_bytes()).await.unwrap();
        if answer.starts_with("354") {
            loop {
                line.clear();
                assert!(stream.read_line(&mut line).await.unwrap() > 0);
                if line == ".\r\n" {
                    break;
                }
                mail.push_str(&line);
            }
            stream.write_all(b"250 taken\r\n").await.unwrap();
        }
        line.clear();
    }
}

/// Sends one mail to a relay that answers like this; returns what came of it and what arrived.
async fn exchange(
    user: &str,
    tenant: &str,
    ehlo: &str,
    rcpt: &str,
    clients: usize,
) -> (Result<(), SendError>, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{user}{}", listener.local_addr().unwrap());
    let spec = MailSpec::parse(&url, Path::new("")).unwrap();
    let transport = Transport::from_config(&spec).unwrap();
    let mut mail = String::new();
    let relay = async {
        for _ in 0..clients {
            let (stream, _) = listener.accept().await.unwrap();
            serve(stream, ehlo, rcpt, &mut mail).await;
        }
    };
    let mail_out = proof(tenant);
    let (sent, ()) = tokio::join!(transport.send(id(), &mail_out, NOW), relay);
    (sent, mail)
}

const EIGHT: &str = "250-relay\r\n250 8BITMIME";

#[tokio::test]
async fn a_relay_takes_the_mail() {
    let (sent, mail) = exchange("", "Acme", EIGHT, "250 fine", 1).await;
    sent.unwrap();
    assert!(mail.contains(&format!("Message-ID: <{}@localhost>\r\n", id())));
    assert!(mail.contains("\r\nhttps://app.example.com/sign-up#token="));
    let (sent, mail) = exchange("", "Größe", EIGHT, "250 fine", 1).await;
    sent.unwrap();
    assert!(mail.contains("8bit") && mail.contains("Größe"));
}

#[tokio::test]
async fn a_relay_without_8bit_gets_ascii() {
    let (sent, mail) = exchange("", "Größe", "250 relay", "250 fine", 2).await;
    sent.unwrap();
    assert!(mail.is_ascii() && mail.contains("Gr=C3=B6=C3=9Fe"));
}

#[tokio::test]
async fn refusals_keep_the_code_alone() {
    let refuse = |code| format!("{code} 5.1.1 <ann@example.com> unknown");
    let (sent, _) = exchange("", "Acme", EIGHT, &refuse(550), 1).await;
    assert_eq!(sent, Err(SendError::permanent("the relay answered 550")));
    let (sent, _) = exchange("", "Acme", EIGHT, &refuse(451), 1).await;
    assert_eq!(sent, Err(SendError::transient("the relay answered 451")));
}

#[tokio::test]
async fn a_refused_sign_in_waits() {
    let ehlo = "250-relay\r\n250 AUTH PLAIN";
    let (sent, _) = exchange("ann:s3cret@", "Acme", ehlo, "250 fine", 1).await;
    assert_eq!(sent, Err(SendError::transient("the relay answered 535")));
}

#[tokio::test]
async fn an_absent_relay_is_transient() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    drop(listener);
    let spec = MailSpec::parse(&url, Path::new("")).unwrap();
    let sent = Transport::from_config(&spec).unwrap().send(id(), &proof("Acme"), NOW).await;
    assert_eq!(sent, Err(SendError::transient("the relay cannot be reached")));
}

/// A relay that closes at once, and TLS without a process-wide crypto provider.
#[tokio::test]
async fn tls_fails_without_a_panic() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let spec = MailSpec::parse(&format!("smtps://localhost:{port}"), Path::new("")).unwrap();
    let transport = Transport::from_config(&spec).unwrap();
    let mail = proof("Acme");
    let (sent, ()) = tokio::join!(transport.send(id(), &mail, NOW), async {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"220 not TLS\r\n").await.unwrap();
    });
    assert!(!sent.unwrap_err().permanent);
}
