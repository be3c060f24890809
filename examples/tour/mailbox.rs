//! Reads the mail that the server writes to files.

use crate::{Outcome, Tour};
use std::{path::Path, time::Duration};
use tokio::{fs, time::sleep};

impl Tour {
    /// Waits for the mail to an address and takes the token out of its link.
    pub async fn mailed_to(&self, address: &str) -> Outcome<String> {
        for _ in 0..100 {
            if let Some(token) = find_token(&self.mail, address).await? {
                return Ok(token);
            }
            sleep(Duration::from_millis(100)).await;
        }
        Err(format!("no mail to {address} in {} after 10 s", self.mail.display()).into())
    }
}

async fn find_token(mail: &Path, address: &str) -> Outcome<Option<String>> {
    // The server makes the directory with the first mail.
    if !fs::try_exists(mail).await? {
        return Ok(None);
    }
    let mut files = fs::read_dir(mail).await?;
    while let Some(file) = files.next_entry().await? {
        // A mail that is being written has another extension.
        if file.path().extension().is_none_or(|extension| extension != "eml") {
            continue;
        }
        let text = fs::read_to_string(file.path()).await?;
        let is_theirs = text.lines().any(|line| line.strip_prefix("To: ") == Some(address));
        if let Some((_, rest)) = text.split_once("#token=").filter(|_| is_theirs) {
            let end = rest.find(|c: char| c == '&' || c.is_whitespace()).unwrap_or(rest.len());
            return Ok(rest.get(..end).map(str::to_owned));
        }
    }
    Ok(None)
}
