//! The first operator key of an embedded database, left in a file beside it.

use super::create_key::{CreateOperatorKey, insert};
use crate::{
    access::{Scope, SystemUse},
    db::api_keys,
    model::{Error, Result, api_key::KeyScopes, id::ApiKeyId, text::DisplayName},
    ops::Cx,
    token,
};
use secrecy::ExposeSecret as _;
use std::{
    fs, io,
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

const NAME: &str = "operator.key";

/// Makes the key unless there is one, and answers where it was written. The file is on the disk
/// before its hash is in the database and gets its name after the commit; a start that was cut
/// off between the two is finished by the next.
pub async fn bootstrap(cx: &Cx) -> Result<Option<PathBuf>> {
    let scope = Scope::system(SystemUse::Operator);
    let directory = cx.app.settings.data_dir.as_path();
    if cx.read(scope, async |tx| api_keys::any_operator(tx).await).await? {
        return promote_left_behind(cx, scope, directory).await;
    }
    let (key, hash) = token::new_api_key(cx.app.rng.as_ref());
    let staged = directory.join(format!("{NAME}.{}", cx.new_id::<ApiKeyId>()));
    write_private(&staged, key.expose_secret()).map_err(Error::internal)?;
    let input = &CreateOperatorKey {
        name: DisplayName::from_stored("bootstrap".to_owned()),
        ttl: None,
        scopes: KeyScopes::default(),
    };
    let hash = &hash;
    let made = cx
        .write(scope, async |tx| {
            // Asked again inside the transaction: another process may have been first.
            if api_keys::any_operator(tx).await? {
                return Ok(false);
            }
            insert(cx, tx, input, hash).await.map(|_| true)
        })
        .await?;
    if made {
        return name(&staged, directory).map_err(Error::internal);
    }
    fs::remove_file(&staged).map_err(Error::internal)?;
    Ok(None)
}

/// Names the staged file of a key that the database knows; other staged files are left alone,
/// because the process that wrote one may still be at it.
async fn promote_left_behind(cx: &Cx, scope: Scope, directory: &Path) -> Result<Option<PathBuf>> {
    if directory.join(NAME).exists() {
        return Ok(None);
    }
    for staged in staged_files(directory).map_err(Error::internal)? {
        // Gone since it was listed: its process has named or removed it.
        let Ok(text) = fs::read_to_string(&staged) else { continue };
        let Some(hash) = token::hash_api_key(text.trim()) else { continue };
        let hash = &hash;
        let known = cx
            .read(scope, async |tx| {
                let found = api_keys::find_standing(tx, hash).await?;
                Ok(found.is_some_and(|key| key.tenant_id.is_none() && key.may_act()))
            })
            .await?;
        if known {
            return name(&staged, directory).map_err(Error::internal);
        }
    }
    Ok(None)
}

fn staged_files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(|name| name.starts_with("operator.key.")) {
            found.push(entry.path());
        }
    }
    Ok(found)
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    writeln!(file, "{text}")?;
    file.sync_all()
}

/// Names the staged file; nothing when another process, finding it left behind, was first.
fn name(staged: &Path, directory: &Path) -> io::Result<Option<PathBuf>> {
    let path = directory.join(NAME);
    match fs::rename(staged, &path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && path.exists() => return Ok(None),
        renamed => renamed?,
    }
    fs::File::open(directory)?.sync_all()?;
    Ok(Some(path))
}
