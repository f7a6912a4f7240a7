//! Engine errors of PostgreSQL as the store's one error: what the caller can do, and what an operator should.
//!
//! The server's own sentence is left out where it names the user.

use sqlx::{error::DatabaseError, postgres::PgDatabaseError};

use crate::{Backend, Error, ErrorKind, connect::Section, error::Complaint};

const SECTION: Section = Section { name: "postgres", with_tls: "sslmode=require", without_tls: "sslmode=disable" };

/// Turns an engine error into the store's, saying in which operation it happened.
pub(crate) fn failed(op: &'static str, error: &sqlx::Error) -> Error {
    if matches!(error, sqlx::Error::PoolClosed) {
        return Error::closed(Backend::Postgres, op);
    }
    Error::new(kind(error), Backend::Postgres, op, sentence(error))
}

/// What ended an operation that the server did not answer in time.
pub(super) fn late(op: &'static str, what: &str) -> Error {
    let says = format!(
        "postgres.url: {what}, see whether the server is overloaded or a firewall is between, or correct host and port"
    );
    Error::new(ErrorKind::Timeout, Backend::Postgres, op, Complaint::new(says, ""))
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
fn sentence(error: &sqlx::Error) -> Box<dyn std::error::Error + Send + Sync> {
    if let Some(complaint) = SECTION.complaint(error) {
        return complaint.into();
    }
    let complain = |says: &str, words: String| Complaint::new(says, words).into();
    match error {
        sqlx::Error::Database(refusal) => {
            let code = code(&**refusal);
            let says = match code {
                "28P01" => {
                    "postgres.password: the server refuses the password, correct it (LLMTRACE_POSTGRES_PASSWORD), or user and \
                     password in postgres.url"
                }
                "28000" => {
                    "postgres.url: the server refuses the user, from this address or without TLS, correct the user or sslmode, \
                     or the server's pg_hba.conf"
                }
                "3D000" => {
                    "postgres.url: the database does not exist, create it (CREATE DATABASE … ENCODING 'UTF8'), or correct the \
                     name behind the last /"
                }
                "42501" => {
                    "postgres.url: the user may not do that, let it own the database, or the schema llmtrace in it"
                }
                "25006" => "postgres.url: the server takes no writes, name the primary",
                "53100" => "postgres.url: the server's disk is full, make room there",
                "53300" => {
                    "postgres.max_connections: the server has no connection left, lower it at each instance, or raise the \
                     server's own"
                }
                "57P01" | "57P02" | "57P03" => {
                    "postgres.url: the server is starting or stopping, see its log if it stays so"
                }
                _ => return format!("{} ({code})", refusal.message()).into(),
            };
            complain(says, code.to_owned())
        }
        sqlx::Error::PoolTimedOut => complain(
            "postgres.max_connections: no connection was free or could be made in time, see to the server, or raise it",
            String::new(),
        ),
        // The driver's word for a server that answers the question for TLS with no.
        sqlx::Error::Tls(error) if error.to_string().contains("does not support TLS") => complain(
            "postgres.url: the server speaks no TLS, switch it on there, or set sslmode=disable (or prefer)",
            String::new(),
        ),
        sqlx::Error::Tls(error) => complain(
            "postgres.ca_bundle: no TLS connection comes about, correct it, or sslmode in postgres.url",
            error.to_string(),
        ),
        sqlx::Error::Protocol(error) => {
            complain("postgres.url: what answers is not PostgreSQL, correct host and port", error.clone())
        }
        other => other.to_string().into(),
    }
}
