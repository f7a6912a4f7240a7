//! One read of the store on behalf of a caller: bounded in time, measured, its failure turned into a problem.

use std::{future::Future, time::Duration};

use axum::{extract::rejection::PathRejection, http::HeaderMap};
use llmtrace_store::Error;
use tokio::time::{Instant, timeout};

use super::{
    Api,
    error::{Problem, shorten},
    query::{Param, Query},
};

/// The longest a caller waits for the store.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a path part looks like that is no text at all.
const UNREADABLE: &str = "percent-encoded UTF-8";

impl Api {
    /// Runs one store operation. Cancel-safe: a caller who leaves ends the wait.
    pub(super) async fn read<T>(
        &self,
        op: &'static str,
        work: impl Future<Output = Result<T, Error>> + Send,
    ) -> Result<T, Problem> {
        let started = Instant::now();
        let done = timeout(PATIENCE, work).await;
        self.events.store_done(op, started.elapsed());
        match done {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => {
                self.events.store_failed(&error);
                let cause: &(dyn std::error::Error + 'static) = error.source.as_ref();
                tracing::warn!(store.op = op, store.backend = %error.backend, error.kind = %error.kind, error = cause,
                    "a read of the span store failed");
                Err(Problem::store(error.kind))
            }
            Err(_elapsed) => {
                self.events.store_read_timed_out(op);
                Err(Problem::StoreTimedOut)
            }
        }
    }

    /// Reads a caller's query and whose rows it is about.
    pub(super) fn asked(
        &self,
        headers: &HeaderMap,
        query: Option<&str>,
        allowed: &'static [&'static [Param]],
    ) -> Result<(Query, llmtrace_model::TenantScope), Problem> {
        let query = Query::parse(query.unwrap_or(""), allowed)?;
        let scope = self.access.scope(headers, query.tenant()?)?;
        Ok((query, scope))
    }
}

/// Reads one part of the path.
pub(super) fn part<T: std::str::FromStr>(
    name: &'static str,
    found: Result<axum::extract::Path<String>, PathRejection>,
    expected: &'static str,
) -> Result<T, Problem> {
    let axum::extract::Path(text) = found.map_err(|_| Problem::bad(name, "", UNREADABLE))?;
    text.parse().map_err(|_| Problem::bad(name, &text, expected))
}

/// A thing that is not there, or not in the caller's scope: both look the same.
pub(super) fn missing(what: &'static str, id: impl std::fmt::Display) -> Problem {
    Problem::NotFound { what, found: shorten(&id.to_string()) }
}
