//! What a database failure means. Its text goes to the log, never to the caller.

use crate::model::{Error, Reason};
use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind as Db, Error as DieselError};
use std::time::Duration;

impl From<DieselError> for Error {
    fn from(error: DieselError) -> Self {
        let away = |detail: String| {
            Error::new(Reason::DatabaseUnavailable, "The database does not answer. Try again.")
                .retry_after(Duration::from_secs(1))
                .with_detail(detail)
                .retryable()
        };
        match error {
            // What a foreign key refers to was there when it was read and has gone since.
            DieselError::DatabaseError(
                kind @ (Db::SerializationFailure | Db::ForeignKeyViolation),
                info,
            ) => Error::lost_race().with_detail(describe(kind, info.as_ref())),
            DieselError::DatabaseError(
                kind @ (Db::ClosedConnection | Db::UnableToSendCommand | Db::ReadOnlyTransaction),
                info,
            ) => away(describe(kind, info.as_ref())),
            DieselError::BrokenTransactionManager => away("the transaction broke".to_owned()),
            // Neither driver hands its code on for these: deadlock, busy, cancelled by timeout,
            // server shutting down. Running the transaction again is right for all of them and
            // harmless for the rest, because a body changes nothing outside the database.
            DieselError::DatabaseError(Db::Unknown, info) => {
                Error::internal(describe(Db::Unknown, info.as_ref())).retryable()
            }
            DieselError::DatabaseError(kind, info) => {
                Error::internal(describe(kind, info.as_ref()))
            }
            other => Error::internal(other),
        }
    }
}

/// Kind, message and names; never `details`, which quote the row.
fn describe(kind: Db, info: &(dyn DatabaseErrorInformation + Send + Sync)) -> String {
    let constraint = info.constraint_name().unwrap_or("-");
    let table = info.table_name().unwrap_or("-");
    format!("{kind:?} (table {table}, constraint {constraint}): {}", info.message())
}
