//! Mail as files, for development and for tests: one `.eml` a mail.

use super::SendError;
use crate::model::id::MailId;
use lettre::message::Mailbox;
use std::{io, path::PathBuf};
use tokio::{fs, io::AsyncWriteExt};

/// A directory that mail is written to.
pub struct Directory {
    path: PathBuf,
    pub(super) from: Mailbox,
}

impl Directory {
    pub fn new(path: PathBuf, from: Mailbox) -> Self {
        Self { path, from }
    }

    /// Writes `<mail id>.eml` whole or not at all; a mail that is there already is left alone.
    pub(super) async fn write(&self, id: MailId, bytes: &[u8]) -> Result<(), SendError> {
        self.try_write(id, bytes).await.map_err(|error| {
            SendError::transient(format!("the mail directory cannot be written: {}", error.kind()))
        })
    }

    async fn try_write(&self, id: MailId, bytes: &[u8]) -> io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.path).await?;
        let target = self.path.join(format!("{id}.eml"));
        if fs::try_exists(&target).await? {
            return Ok(());
        }
        let partial = self.path.join(format!(".{id}.eml.partial"));
        // Left by a writer that died; create_new below then never follows a link put in its place.
        match fs::remove_file(&partial).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file =
            fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&partial).await?;
        let written = async {
            file.write_all(bytes).await?;
            file.sync_all().await?;
            fs::rename(&partial, &target).await
        };
        if let Err(error) = written.await {
            let _ = fs::remove_file(&partial).await;
            return Err(error);
        }
        fs::File::open(&self.path).await?.sync_all().await
    }
}

#[cfg(test)]
mod tests {
    use crate::mail::{
        MailSpec, Transport,
        tests::{NOW, id, proof},
    };
    use std::{fs, os::unix::fs::PermissionsExt, path::Path, time::Duration};

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[tokio::test]
    async fn one_private_file_a_mail() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("new/mail");
        let transport = Transport::from_config(&MailSpec::Directory(path.clone())).unwrap();
        let transport = transport.with_from("Example <no-reply@example.com>").unwrap();
        transport.send(id(), &proof("Acme"), NOW).await.unwrap();
        let file = path.join(format!("{}.eml", id()));
        assert_eq!((mode(&path), mode(&file)), (0o700, 0o600));
        let first = fs::read_to_string(&file).unwrap();
        assert!(first.contains(&format!("Message-ID: <{}@example.com>\r\n", id())));

        fs::write(path.join(format!(".{}.eml.partial", id())), "stale").unwrap();
        transport.send(id(), &proof("Acme"), NOW + Duration::from_mins(1)).await.unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), first);

        fs::remove_file(&file).unwrap();
        transport.send(id(), &proof("Acme"), NOW).await.unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), first);
        assert_eq!(fs::read_dir(&path).unwrap().count(), 1);
    }

    #[tokio::test]
    async fn a_broken_directory_is_transient() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let spec = MailSpec::Directory(file.path().to_owned());
        let sent = Transport::from_config(&spec).unwrap().send(id(), &proof("Acme"), NOW).await;
        assert!(!sent.unwrap_err().permanent);
    }
}
