//! Engine errors of PostgreSQL as the store's one error: what the caller can do, and what an operator should.
//!
//! The server's own sentence is left out where it names the user.

use sqlx::{error::DatabaseError, postgres::PgDatabaseError};

use crate::{Backend, Error, ErrorKind};

/// Turns an engine error into the store's, saying in which operation it happened.
pub(super) fn failed(op: &'static str, error: &sqlx::Error) -> Error {
    if matches!(error, sqlx::Error::PoolClosed) {
        return Error::closed(Backend::Postgres, op);
    }
    Error::new(kind(error), Backend::Postgres, op, sentence(error))
}

/// What ended an operation that the server did not answer in time.
pub(super) fn late(op: &'static str, what: &str) -> Error {
    Error::new(ErrorKind::Timeout, Backend::Postgres, op, what)
}

/// Says whether the next call should look at the server again before it asks anything.
pub(super) fn is_lost(error: &sqlx::Error) -> bool {
    match error {
        // The state of a row or a statement says nothing about the server.
        sqlx::Error::Database(refusal) => match code(&**refusal) {
            "42P01" => true,
            code => matches!(code.get(..2), Some("08" | "28" | "3D" | "3F" | "57")),
        },
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) | sqlx::Error::PoolTimedOut => true,
        _ => false,
    }
}

fn code(refusal: &dyn DatabaseError) -> &str {
    refusal.try_downcast_ref::<PgDatabaseError>().map_or("", PgDatabaseError::code)
}

/// What a caller can do about an engine error.
fn kind(error: &sqlx::Error) -> ErrorKind {
    match error {
        sqlx::Error::Database(refusal) => match code(&**refusal) {
            // Cancelled by the bound on statements, or on waiting for a lock.
            "57014" | "55P03" => ErrorKind::Timeout,
            // Somebody dropped the tables, or takes the rights away: once they are back, so are we.
            "42P01" | "42501" | "25006" => ErrorKind::Unavailable,
            code => match code.get(..2).unwrap_or_default() {
                // Connection, login, database, schema, resources, operator, system.
                "08" | "28" | "3D" | "3F" | "53" | "57" | "58" => ErrorKind::Unavailable,
                "40" => ErrorKind::Conflict,
                "23" if code == "23505" => ErrorKind::Conflict,
                "22" | "23" => ErrorKind::Rejected,
                _ => ErrorKind::Corrupt,
            },
        },
        sqlx::Error::Encode(_) => ErrorKind::Rejected,
        sqlx::Error::Configuration(_) => ErrorKind::Config,
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => ErrorKind::Unavailable,
        _ => ErrorKind::Corrupt,
    }
}

/// What happened and what to do, without user and password.
fn sentence(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(refusal) => {
            let code = code(&**refusal);
            match code {
                "28P01" => format!(
                    "the server refuses the password ({code}): correct postgres.password (LLMTRACE_POSTGRES_PASSWORD), or user and password in postgres.url"
                ),
                "28000" => format!(
                    "the server refuses the user, from this address or without TLS ({code}): correct the user or sslmode in postgres.url, or the server's pg_hba.conf"
                ),
                "3D000" => format!(
                    "the database does not exist ({code}): create it (CREATE DATABASE … ENCODING 'UTF8'), or correct the name behind the last / of postgres.url"
                ),
                "42501" => format!(
                    "the user may not do that ({code}): let it own the database of postgres.url, or the schema llmtrace in it"
                ),
                "25006" => format!("the server takes no writes ({code}): name the primary in postgres.url"),
                "53300" => format!(
                    "the server has no connection left ({code}): lower postgres.max_connections of each instance, or raise the server's max_connections"
                ),
                _ => format!("{} ({code})", refusal.message()),
            }
        }
        sqlx::Error::PoolTimedOut => {
            "no connection was free or could be made in time: see postgres.max_connections and the server".to_owned()
        }
        sqlx::Error::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => format!(
            "{error}: let postgres.ca_bundle hold the authority of the server's certificate, and postgres.url the name in it"
        ),
        sqlx::Error::Tls(error) => {
            format!("{error}: correct sslmode in postgres.url or postgres.ca_bundle")
        }
        sqlx::Error::Protocol(error) => format!("{error}: is it PostgreSQL that answers at postgres.url?"),
        other => other.to_string(),
    }
}
