//! The first operator key of an embedded database, left in a file beside it.

use super::create_key::{CreateOperatorKey, insert};
use crate::{
    access::{Scope, SystemUse},
    db::api_keys,
    model::{Error, Result, id::ApiKeyId, text::DisplayName},
    ops::Cx,
    token,
};
use secrecy::ExposeSecret as _;
use std::{
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

/// Makes the key unless there is one, and answers where it was written. The file is on the disk
/// before its hash is in the database, so no crash leaves a key that nobody has.
pub async fn bootstrap(cx: &Cx) -> Result<Option<PathBuf>> {
    let scope = Scope::system(SystemUse::Operator);
    if cx.read(scope, async |tx| api_keys::any_operator(tx).await).await? {
        return Ok(None);
    }
    let (key, hash) = token::new_api_key(cx.app.rng.as_ref());
    let path = cx.app.settings.data_dir.join("operator.key");
    // A name of its own: of two processes that start together each moves the key it has hashed.
    let staged = path.with_extension(format!("key.{}", cx.new_id::<ApiKeyId>()));
    write_private(&staged, key.expose_secret()).map_err(Error::internal)?;
    let input =
        &CreateOperatorKey { name: DisplayName::from_stored("bootstrap".to_owned()), ttl: None };
    let (hash, staged_path, target) = (&hash, &staged, &path);
    let made = cx
        .write(scope, async |tx| {
            // Asked again inside the transaction: another process may have been first.
            if api_keys::any_operator(tx).await? {
                return Ok(false);
            }
            insert(cx, tx, input, hash).await?;
            std::fs::rename(staged_path, target).map_err(Error::internal)?;
            Ok(true)
        })
        .await;
    if !matches!(made, Ok(true)) {
        // It is moved already when only the commit failed.
        let _ = std::fs::remove_file(&staged);
    }
    Ok(made?.then_some(path))
}

fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(path)?;
    writeln!(file, "{text}")?;
    file.sync_all()
}
