//! One read of the store on behalf of a caller: what is asked, of whose rows; bounded in time, measured, its failure turned
//! into a problem. The shape that all routes under `/api/v1` that read rows share.

use std::{future::Future, marker::PhantomData, time::Duration};

use axum::{
    extract::{FromRequestParts, rejection::PathRejection},
    http::request::Parts,
};
use llmtrace_model::{PageRequest, SpanFilter, TenantScope};
use llmtrace_store::Error;
use tokio::time::{Instant, timeout};

use super::{
    Api,
    error::{Problem, shorten},
    query::{ListParams, Params, Query},
};

/// The longest a caller waits for the store.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a path part looks like that is no text at all.
const UNREADABLE: &str = "percent-encoded UTF-8";

/// A caller's question: its parameters, those of `P` and no other, and whose rows it is about.
pub(super) struct Asked<P> {
    pub(super) api: Api,
    pub(super) query: Query,
    pub(super) scope: TenantScope,
    params: PhantomData<P>,
}

impl<P: Params + Send> FromRequestParts<Api> for Asked<P> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let query = Query::parse(parts.uri.query().unwrap_or(""), P::TABLES)?;
        let scope = api.access.scope(&parts.headers, query.tenant()?)?;
        Ok(Self { api: api.clone(), query, scope, params: PhantomData })
    }
}

/// A question for one page of a list of spans, or of what spans add up to.
pub(super) struct Listing {
    pub(super) api: Api,
    pub(super) scope: TenantScope,
    pub(super) filter: SpanFilter,
    pub(super) page: PageRequest,
}

impl FromRequestParts<Api> for Listing {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let Asked { api, query, scope, .. } = Asked::<ListParams>::from_request_parts(parts, api).await?;
        Ok(Self { api, scope, filter: query.filter()?, page: query.page()? })
    }
}

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
