//! One read of the store on behalf of a caller: what is asked, of whose rows; bounded in time, measured, its failure turned
//! into a problem. The shape that all routes under `/api/v1` that read rows share.

use std::{future::Future, marker::PhantomData, time::Duration};

use axum::{
    extract::{FromRequestParts, Path, RawPathParams, rejection::PathRejection},
    http::request::Parts,
};
use llmtrace_model::{PageRequest, SpanFilter, TenantId, TenantScope};
use llmtrace_store::{Error, Written};
use tokio::time::{Instant, timeout};

use super::{
    Api, access,
    asking::Asking,
    error::{Problem, shorten},
    query::{Params, Query, Question},
    view::TextIndex,
};
use crate::tenancy::Denied;

/// The longest a caller waits for the store.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a path part looks like that is no text at all.
const UNREADABLE: &str = "percent-encoded UTF-8";

/// A part of the path, as it is handed to a route.
pub(super) type Part = Result<Path<String>, PathRejection>;

/// A caller's question: its parameters, those of `P` and no other, and whose rows it is about.
pub(super) struct Asked<P> {
    pub(super) api: Api,
    pub(super) query: Query,
    pub(super) scope: TenantScope,
    /// Who asks.
    pub(super) asking: Asking,
    params: PhantomData<P>,
}

impl<P: Params + Send> FromRequestParts<Api> for Asked<P> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let query = Query::parse(parts.uri.query().unwrap_or(""), P::TABLES)?;
        // There is one on every route that needs anything, and only those ask questions.
        let asking = parts.extensions.get::<Asking>().cloned().ok_or(Problem::Denied(Denied::NoKey))?;
        let path = RawPathParams::from_request_parts(parts, api).await.ok();
        let tenant = match access::named(&parts.headers, query.tenant()?)? {
            Some(named) => Some(named),
            None => path.map_or(Ok(None), |path| in_path(&path, &asking))?,
        };
        let scope = access::scope(&asking.caller, tenant, asking.role)?;
        asking.is_about(&scope);
        Ok(Self { api: api.clone(), query, scope, asking, params: PhantomData })
    }
}

/// The tenant whose own path is asked; one that the caller does not reach does not exist.
fn in_path(path: &RawPathParams, asking: &Asking) -> Result<Option<TenantId>, Problem> {
    let named = path.iter().find(|(name, _)| *name == "tenant_id").and_then(|(_, text)| text.parse::<TenantId>().ok());
    match named {
        Some(tenant) if asking.caller.role_in(&tenant).is_none() => Err(missing("tenant", tenant)),
        named => Ok(named),
    }
}

/// A question for one page of a list of spans, or of what spans add up to.
pub(super) struct Listing {
    pub(super) api: Api,
    pub(super) scope: TenantScope,
    pub(super) filter: SpanFilter,
    pub(super) page: PageRequest,
    /// What the cursor of the next page belongs to.
    pub(super) question: Question,
    /// How far the search sees, where it is one.
    pub(super) text_index: Option<TextIndex>,
}

impl<P> Asked<P> {
    /// The page of `list` that is asked for.
    pub(super) fn listing(self, list: &str) -> Result<Listing, Problem> {
        let Self { api, query, scope, .. } = self;
        let question = Question::new(list, &scope, &query);
        let (filter, page) = (query.filter()?, query.page(&question)?);
        // Asked before the rows are read: what is indexed meanwhile is found all the same, the other way round it would not be.
        let text_index = filter.text.is_some().then(|| api.spans.backlog().into());
        Ok(Listing { api, scope, filter, page, question, text_index })
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
                    "a read of a store failed");
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
    found: Part,
    expected: &'static str,
) -> Result<T, Problem> {
    let Path(text) = found.map_err(|_| Problem::bad(name, "", UNREADABLE))?;
    text.parse().map_err(|_| Problem::bad(name, &text, expected))
}

/// Reads one part of the path that is a client's own text.
pub(super) fn text_part(name: &'static str, found: Part, most: usize) -> Result<String, Problem> {
    let Path(text) = found.map_err(|_| Problem::bad(name, "", UNREADABLE))?;
    if text.chars().nth(most).is_some() {
        return Err(Problem::bad(name, &text, format!("1 to {most} characters of text")));
    }
    Ok(text)
}

/// Whether a change of one version of a thing was made; somebody else's may have come between.
pub(super) fn changed(written: Written, what: &'static str, id: impl std::fmt::Display) -> Result<(), Problem> {
    match written {
        Written::Done => Ok(()),
        Written::Absent => Err(missing(what, id)),
        Written::Outside => Err(Problem::ReachesFurther),
        // Nothing is added, and what names a thing does not change.
        Written::Changed | Written::Full | Written::Taken => Err(Problem::ChangedMeanwhile),
    }
}

/// A thing that is not there, or not in the caller's scope: both look the same.
pub(super) fn missing(what: &'static str, id: impl std::fmt::Display) -> Problem {
    Problem::NotFound { what, found: shorten(&id.to_string()) }
}
