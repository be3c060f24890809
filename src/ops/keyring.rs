//! Loads the keyring, and makes what is missing in it.

use crate::{
    access::{Scope, SystemUse},
    app::App,
    db::keys,
    model::{
        Error, Result,
        budget::Budget,
        key::{KeyPurpose, KeyState, SealedKey},
    },
    token::{self, Keyring, OpenError},
};
use std::{sync::Arc, time::Duration};

/// Why there is no keyring.
#[derive(Debug)]
pub enum LoadError {
    /// The database failed; it may come back.
    Database(Error),
    /// The ring does not open with the configured master key. Never answered with a new ring.
    WrongMasterKey,
    /// The ring opens and still cannot be used.
    Unusable(OpenError),
}

impl From<Error> for LoadError {
    fn from(error: Error) -> Self {
        Self::Database(error)
    }
}

/// Loads the ring into the app. Replicas that start together make one ring between them: a
/// unique index lets one key a purpose in, and everyone reads again.
pub async fn load(app: &App) -> Result<(), LoadError> {
    let scope = Scope::system(SystemUse::Keyring);
    let budget = Arc::new(Budget::lasting(Duration::from_secs(10)));
    let mut rows = app.db.read(scope, &budget, async |tx| keys::list(tx).await).await?;
    let wanted = missing(&rows);
    if !wanted.is_empty() {
        // A ring that does not open is not extended either.
        if let Err(OpenError::WrongMasterKey) = open(app, &rows) {
            return Err(LoadError::WrongMasterKey);
        }
        let made = wanted
            .into_iter()
            .map(|(purpose, state)| {
                let now = app.clock.now();
                token::new_key(&app.master, purpose, state, app.new_id(), now, app.rng.as_ref())
            })
            .collect::<Result<Vec<SealedKey>>>()?;
        let made = &made;
        rows = app
            .db
            .write(scope, &budget, async |tx| {
                for key in made {
                    keys::insert_if_absent(tx, key).await?;
                }
                keys::list(tx).await
            })
            .await?;
    }
    match open(app, &rows) {
        Ok(ring) => {
            app.set_ring(ring);
            Ok(())
        }
        Err(OpenError::WrongMasterKey) => Err(LoadError::WrongMasterKey),
        Err(other) => Err(LoadError::Unusable(other)),
    }
}

/// What a whole ring has: an active key a purpose, and the next signing key.
fn missing(rows: &[SealedKey]) -> Vec<(KeyPurpose, KeyState)> {
    let active = KeyPurpose::ALL.iter().map(|purpose| (*purpose, KeyState::Active));
    let next = std::iter::once((KeyPurpose::Signing, KeyState::Next));
    active
        .chain(next)
        .filter(|(purpose, state)| {
            !rows.iter().any(|row| row.purpose == *purpose && row.state == *state)
        })
        .collect()
}

fn open(app: &App, rows: &[SealedKey]) -> Result<Keyring, OpenError> {
    Keyring::open(&app.master, rows, app.jwt_secret.as_ref())
}
