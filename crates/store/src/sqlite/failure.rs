//! Engine errors of SQLite as the store's one error.

use rusqlite::ErrorCode;

use crate::{Backend, Error, ErrorKind};

/// Turns an engine error into the store's, saying in which operation it happened.
pub(super) fn failed(op: &'static str) -> impl Fn(rusqlite::Error) -> Error {
    move |error| Error::new(kind(&error), Backend::Sqlite, op, error)
}

/// What a caller can do about an engine error.
pub(super) fn kind(error: &rusqlite::Error) -> ErrorKind {
    use rusqlite::Error as E;
    match error {
        E::SqliteFailure(failure, _) => match failure.code {
            // Another process holds the lock, or the disk is full, read-only or failing: later may be better.
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::DiskFull
            | ErrorCode::SystemIoFailure
            | ErrorCode::ReadOnly
            | ErrorCode::CannotOpen
            | ErrorCode::PermissionDenied
            | ErrorCode::OutOfMemory
            | ErrorCode::FileLockingProtocolFailed => ErrorKind::Unavailable,
            ErrorCode::OperationInterrupted => ErrorKind::Timeout,
            ErrorCode::ConstraintViolation | ErrorCode::TooBig | ErrorCode::TypeMismatch => ErrorKind::Rejected,
            _ => ErrorKind::Corrupt,
        },
        E::ToSqlConversionFailure(_) => ErrorKind::Rejected,
        _ => ErrorKind::Corrupt,
    }
}
